// Made by tools/aws-models.ts from botocore 1.44.5. Do not edit.

export type ActionAfterCompletion = 'NONE' | 'DELETE';

export type AssignPublicIp = 'ENABLED' | 'DISABLED';

export interface AwsVpcConfiguration {
  readonly Subnets: readonly string[];
  readonly SecurityGroups?: readonly string[] | undefined;
  readonly AssignPublicIp?: AssignPublicIp | undefined;
}

export interface CapacityProviderStrategyItem {
  readonly capacityProvider: string;
  readonly weight?: number | undefined;
  readonly base?: number | undefined;
}

export interface ConflictException {
  readonly Message: string;
}

export interface CreateScheduleGroupInput {
  readonly Name: string;
  readonly Tags?: readonly Tag[] | undefined;
  readonly ClientToken?: string | undefined;
}

export interface CreateScheduleGroupOutput {
  readonly ScheduleGroupArn: string;
}

export interface CreateScheduleInput {
  readonly Name: string;
  readonly GroupName?: string | undefined;
  readonly ScheduleExpression: string;
  readonly StartDate?: Date | undefined;
  readonly EndDate?: Date | undefined;
  readonly Description?: string | undefined;
  readonly ScheduleExpressionTimezone?: string | undefined;
  readonly State?: ScheduleState | undefined;
  readonly KmsKeyArn?: string | undefined;
  readonly Target: Target;
  readonly FlexibleTimeWindow: FlexibleTimeWindow;
  readonly ClientToken?: string | undefined;
  readonly ActionAfterCompletion?: ActionAfterCompletion | undefined;
}

export interface CreateScheduleOutput {
  readonly ScheduleArn: string;
}

export interface DeadLetterConfig {
  readonly Arn?: string | undefined;
}

export interface DeleteScheduleGroupInput {
  readonly Name: string;
  readonly ClientToken?: string | undefined;
}

export type DeleteScheduleGroupOutput = object;

export interface DeleteScheduleInput {
  readonly Name: string;
  readonly GroupName?: string | undefined;
  readonly ClientToken?: string | undefined;
}

export type DeleteScheduleOutput = object;

export interface EcsParameters {
  readonly TaskDefinitionArn: string;
  readonly TaskCount?: number | undefined;
  readonly LaunchType?: LaunchType | undefined;
  readonly NetworkConfiguration?: NetworkConfiguration | undefined;
  readonly PlatformVersion?: string | undefined;
  readonly Group?: string | undefined;
  readonly CapacityProviderStrategy?: readonly CapacityProviderStrategyItem[] | undefined;
  readonly EnableECSManagedTags?: boolean | undefined;
  readonly EnableExecuteCommand?: boolean | undefined;
  readonly PlacementConstraints?: readonly PlacementConstraint[] | undefined;
  readonly PlacementStrategy?: readonly PlacementStrategy[] | undefined;
  readonly PropagateTags?: PropagateTags | undefined;
  readonly ReferenceId?: string | undefined;
  readonly Tags?: readonly Readonly<Record<string, string>>[] | undefined;
}

export interface EventBridgeParameters {
  readonly DetailType: string;
  readonly Source: string;
}

export interface EventBridgePutEventsV2Parameters {
  readonly DetailType: string;
  readonly Source: string;
}

export interface EventBridgePutRawEventsParameters {
  readonly Metadata?: Readonly<Record<string, string>> | undefined;
}

export interface FlexibleTimeWindow {
  readonly Mode: FlexibleTimeWindowMode;
  readonly MaximumWindowInMinutes?: number | undefined;
}

export type FlexibleTimeWindowMode = 'OFF' | 'FLEXIBLE';

export interface GetScheduleGroupInput {
  readonly Name: string;
}

export interface GetScheduleGroupOutput {
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
  readonly State?: ScheduleGroupState | undefined;
  readonly CreationDate?: Date | undefined;
  readonly LastModificationDate?: Date | undefined;
}

export interface GetScheduleInput {
  readonly Name: string;
  readonly GroupName?: string | undefined;
}

export interface GetScheduleOutput {
  readonly Arn?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly Name?: string | undefined;
  readonly ScheduleExpression?: string | undefined;
  readonly StartDate?: Date | undefined;
  readonly EndDate?: Date | undefined;
  readonly Description?: string | undefined;
  readonly ScheduleExpressionTimezone?: string | undefined;
  readonly State?: ScheduleState | undefined;
  readonly CreationDate?: Date | undefined;
  readonly LastModificationDate?: Date | undefined;
  readonly KmsKeyArn?: string | undefined;
  readonly Target?: Target | undefined;
  readonly FlexibleTimeWindow?: FlexibleTimeWindow | undefined;
  readonly ActionAfterCompletion?: ActionAfterCompletion | undefined;
}

export interface InternalServerException {
  readonly Message: string;
}

export interface KinesisParameters {
  readonly PartitionKey: string;
}

export type LaunchType = 'EC2' | 'FARGATE' | 'EXTERNAL';

export interface ListScheduleGroupsInput {
  readonly NamePrefix?: string | undefined;
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

export interface ListScheduleGroupsOutput {
  readonly NextToken?: string | undefined;
  readonly ScheduleGroups: readonly ScheduleGroupSummary[];
}

export interface ListSchedulesInput {
  readonly GroupName?: string | undefined;
  readonly NamePrefix?: string | undefined;
  readonly State?: ScheduleState | undefined;
  readonly NextToken?: string | undefined;
  readonly MaxResults?: number | undefined;
}

export interface ListSchedulesOutput {
  readonly NextToken?: string | undefined;
  readonly Schedules: readonly ScheduleSummary[];
}

export interface ListTagsForResourceInput {
  readonly ResourceArn: string;
}

export interface ListTagsForResourceOutput {
  readonly Tags?: readonly Tag[] | undefined;
}

export interface NetworkConfiguration {
  readonly awsvpcConfiguration?: AwsVpcConfiguration | undefined;
}

export interface PlacementConstraint {
  readonly type?: PlacementConstraintType | undefined;
  readonly expression?: string | undefined;
}

export type PlacementConstraintType = 'distinctInstance' | 'memberOf';

export interface PlacementStrategy {
  readonly type?: PlacementStrategyType | undefined;
  readonly field?: string | undefined;
}

export type PlacementStrategyType = 'random' | 'spread' | 'binpack';

export type PropagateTags = 'TASK_DEFINITION';

export interface ResourceNotFoundException {
  readonly Message: string;
}

export interface RetryPolicy {
  readonly MaximumEventAgeInSeconds?: number | undefined;
  readonly MaximumRetryAttempts?: number | undefined;
}

export interface SageMakerPipelineParameter {
  readonly Name: string;
  readonly Value: string;
}

export interface SageMakerPipelineParameters {
  readonly PipelineParameterList?: readonly SageMakerPipelineParameter[] | undefined;
}

export type ScheduleGroupState = 'ACTIVE' | 'DELETING';

export interface ScheduleGroupSummary {
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
  readonly State?: ScheduleGroupState | undefined;
  readonly CreationDate?: Date | undefined;
  readonly LastModificationDate?: Date | undefined;
}

export type ScheduleState = 'ENABLED' | 'DISABLED';

export interface ScheduleSummary {
  readonly Arn?: string | undefined;
  readonly Name?: string | undefined;
  readonly GroupName?: string | undefined;
  readonly State?: ScheduleState | undefined;
  readonly CreationDate?: Date | undefined;
  readonly LastModificationDate?: Date | undefined;
  readonly Target?: TargetSummary | undefined;
}

export interface ServiceQuotaExceededException {
  readonly Message: string;
}

export interface SqsParameters {
  readonly MessageGroupId?: string | undefined;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

export interface TagResourceInput {
  readonly ResourceArn: string;
  readonly Tags: readonly Tag[];
}

export type TagResourceOutput = object;

export interface Target {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly DeadLetterConfig?: DeadLetterConfig | undefined;
  readonly RetryPolicy?: RetryPolicy | undefined;
  readonly Input?: string | undefined;
  readonly EcsParameters?: EcsParameters | undefined;
  readonly EventBridgeParameters?: EventBridgeParameters | undefined;
  readonly EventBridgePutEventsV2Parameters?: EventBridgePutEventsV2Parameters | undefined;
  readonly EventBridgePutRawEventsParameters?: EventBridgePutRawEventsParameters | undefined;
  readonly KinesisParameters?: KinesisParameters | undefined;
  readonly SageMakerPipelineParameters?: SageMakerPipelineParameters | undefined;
  readonly SqsParameters?: SqsParameters | undefined;
}

export interface TargetSummary {
  readonly Arn: string;
}

export interface ThrottlingException {
  readonly Message: string;
}

export interface UntagResourceInput {
  readonly ResourceArn: string;
  readonly TagKeys: readonly string[];
}

export type UntagResourceOutput = object;

export interface UpdateScheduleInput {
  readonly Name: string;
  readonly GroupName?: string | undefined;
  readonly ScheduleExpression: string;
  readonly StartDate?: Date | undefined;
  readonly EndDate?: Date | undefined;
  readonly Description?: string | undefined;
  readonly ScheduleExpressionTimezone?: string | undefined;
  readonly State?: ScheduleState | undefined;
  readonly KmsKeyArn?: string | undefined;
  readonly Target: Target;
  readonly FlexibleTimeWindow: FlexibleTimeWindow;
  readonly ClientToken?: string | undefined;
  readonly ActionAfterCompletion?: ActionAfterCompletion | undefined;
}

export interface UpdateScheduleOutput {
  readonly ScheduleArn: string;
}

export interface ValidationException {
  readonly Message: string;
}

export interface SchedulerOperations {
  readonly CreateSchedule: { readonly input: CreateScheduleInput; readonly output: CreateScheduleOutput };
  readonly CreateScheduleGroup: {
    readonly input: CreateScheduleGroupInput;
    readonly output: CreateScheduleGroupOutput;
  };
  readonly DeleteSchedule: { readonly input: DeleteScheduleInput; readonly output: DeleteScheduleOutput };
  readonly DeleteScheduleGroup: {
    readonly input: DeleteScheduleGroupInput;
    readonly output: DeleteScheduleGroupOutput;
  };
  readonly GetSchedule: { readonly input: GetScheduleInput; readonly output: GetScheduleOutput };
  readonly GetScheduleGroup: {
    readonly input: GetScheduleGroupInput;
    readonly output: GetScheduleGroupOutput;
  };
  readonly ListScheduleGroups: {
    readonly input: ListScheduleGroupsInput;
    readonly output: ListScheduleGroupsOutput;
  };
  readonly ListSchedules: { readonly input: ListSchedulesInput; readonly output: ListSchedulesOutput };
  readonly ListTagsForResource: {
    readonly input: ListTagsForResourceInput;
    readonly output: ListTagsForResourceOutput;
  };
  readonly TagResource: { readonly input: TagResourceInput; readonly output: TagResourceOutput };
  readonly UntagResource: { readonly input: UntagResourceInput; readonly output: UntagResourceOutput };
  readonly UpdateSchedule: { readonly input: UpdateScheduleInput; readonly output: UpdateScheduleOutput };
}
