/**
 * AWS's own managed policies that tools attach to roles of functions: names and paths are AWS's, documents say
 * in short what they allow of what there is here. They are everywhere, cannot be changed, and are not stored.
 */
import type { ManagedPolicy } from './entities.ts';

const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const NETWORK = [
  ...['ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets'],
  ...['ec2:DeleteNetworkInterface', 'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses'],
];
const QUEUE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const STREAM = [
  ...['kinesis:DescribeStream', 'kinesis:DescribeStreamSummary', 'kinesis:GetRecords'],
  ...['kinesis:GetShardIterator', 'kinesis:ListShards', 'kinesis:ListStreams', 'kinesis:SubscribeToShard'],
];
const TABLE_STREAM = [
  ...['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
];
const TRACES = [
  ...['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules'],
  ...['xray:GetSamplingTargets', 'xray:GetSamplingStatisticSummaries'],
];

/** Actions by path and name; each document allows them on everything. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '/AdministratorAccess': ['*'],
  '/ReadOnlyAccess': ['*:Get*', '*:List*', '*:Describe*', '*:BatchGet*', '*:Query', '*:Scan', '*:Search*'],
  '/AWSLambda_FullAccess': [
    ...['lambda:*', 'iam:GetPolicy', 'iam:GetPolicyVersion', 'iam:GetRole', 'iam:GetRolePolicy'],
    ...['iam:ListAttachedRolePolicies', 'iam:ListRolePolicies', 'iam:ListRoles', 'iam:PassRole', 'logs:*'],
    ...['states:DescribeStateMachine', 'states:ListStateMachines', 'tag:GetResources', ...TRACES],
  ],
  '/AWSLambda_ReadOnlyAccess': [
    ...['lambda:Get*', 'lambda:List*', 'iam:GetPolicy', 'iam:GetPolicyVersion', 'iam:GetRole'],
    ...['iam:GetRolePolicy', 'iam:ListAttachedRolePolicies', 'iam:ListRolePolicies', 'iam:ListRoles'],
    ...['logs:DescribeLogGroups', 'logs:FilterLogEvents', 'tag:GetResources'],
  ],
  '/AWSLambdaExecute': ['logs:*', 's3:GetObject', 's3:PutObject'],
  '/AWSLambdaInvocation-DynamoDB': ['lambda:InvokeFunction', ...TABLE_STREAM],
  '/AWSXRayDaemonWriteAccess': TRACES,
  '/AWSXrayWriteOnlyAccess': TRACES,
  '/AmazonDynamoDBFullAccess': ['dynamodb:*'],
  '/AmazonDynamoDBReadOnlyAccess': [
    'dynamodb:Get*',
    'dynamodb:BatchGet*',
    'dynamodb:List*',
    'dynamodb:Describe*',
    'dynamodb:Query',
    'dynamodb:Scan',
  ],
  '/AmazonEventBridgeFullAccess': ['events:*', 'scheduler:*', 'pipes:*', 'schemas:*'],
  '/AmazonEventBridgeSchedulerReadOnlyAccess': [
    ...['scheduler:ListSchedules', 'scheduler:ListScheduleGroups', 'scheduler:GetSchedule'],
    ...['scheduler:GetScheduleGroup', 'scheduler:ListTagsForResource'],
  ],
  '/AmazonKinesisFullAccess': ['kinesis:*'],
  '/AmazonS3FullAccess': ['s3:*', 's3-object-lambda:*'],
  '/AmazonS3ReadOnlyAccess': ['s3:Get*', 's3:List*', 's3:Describe*'],
  '/AmazonSNSFullAccess': ['sns:*'],
  '/AmazonSQSFullAccess': ['sqs:*'],
  '/AmazonSQSReadOnlyAccess': ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:List*'],
  '/AmazonSSMReadOnlyAccess': ['ssm:Describe*', 'ssm:Get*', 'ssm:List*'],
  '/AWSStepFunctionsFullAccess': ['states:*'],
  '/CloudWatchLogsFullAccess': ['logs:*'],
  '/CloudWatchFullAccess': ['cloudwatch:*', 'logs:*', 'sns:*'],
  '/IAMFullAccess': ['iam:*'],
  '/IAMReadOnlyAccess': ['iam:Get*', 'iam:List*', 'iam:Simulate*'],
  '/SecretsManagerReadWrite': ['secretsmanager:*'],
  '/service-role/AWSLambdaBasicExecutionRole': LOGS,
  '/service-role/AWSLambdaBasicDurableExecutionRolePolicy': [
    ...LOGS,
    ...['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'],
  ],
  '/service-role/AWSLambdaDynamoDBExecutionRole': [...TABLE_STREAM, ...LOGS],
  '/service-role/AWSLambdaENIManagementAccess': NETWORK,
  '/service-role/AWSLambdaKinesisExecutionRole': [...STREAM, ...LOGS],
  '/service-role/AWSLambdaMSKExecutionRole': [
    'kafka:Describe*',
    'kafka:GetBootstrapBrokers',
    ...NETWORK,
    ...LOGS,
  ],
  '/service-role/AWSLambdaRole': ['lambda:InvokeFunction'],
  '/service-role/AWSLambdaSQSQueueExecutionRole': [...QUEUE, ...LOGS],
  '/service-role/AWSLambdaVPCAccessExecutionRole': [...LOGS, ...NETWORK],
};

/** `PowerUserAccess` allows by what it leaves out. */
const POWER_USER = [
  { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
  { Effect: 'Allow', Action: ['iam:ListRoles', 'organizations:DescribeOrganization'], Resource: '*' },
];

/** Roles may be given to the scheduler, and to nobody else. */
const SCHEDULER = [
  { Effect: 'Allow', Action: 'scheduler:*', Resource: '*' },
  {
    ...{ Effect: 'Allow', Action: 'iam:PassRole', Resource: 'arn:aws:iam::*:role/*' },
    Condition: { StringLike: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
  },
];

/** By ARN. */
export const AWS_POLICIES: ReadonlyMap<string, ManagedPolicy> = new Map(
  [
    ...Object.entries(ALLOWED).map(
      ([place, Action]) => [place, [{ Effect: 'Allow', Action, Resource: '*' }]] as const,
    ),
    ['/PowerUserAccess', POWER_USER] as const,
    ['/AmazonEventBridgeSchedulerFullAccess', SCHEDULER] as const,
  ].map(([place, statements]) => {
    const cut = place.lastIndexOf('/') + 1;
    const [path, name] = [place.slice(0, cut), place.slice(cut)];
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    const policy: ManagedPolicy = {
      ...{
        name,
        path,
        id: `ANPA${name
          .toUpperCase()
          .replace(/[^A-Z]/g, '')
          .slice(0, 16)
          .padEnd(16, 'A')}`,
      },
      ...{ description: `AWS's ${name}, as far as it goes here`, createdAtMs: 0, updatedAtMs: 0, tags: {} },
      ...{ versions: [{ id: 'v1', document, createdAtMs: 0 }], defaultVersion: 'v1', nextVersion: 2 },
    };
    return [`arn:aws:iam::aws:policy${place}`, policy] as const;
  }),
);
