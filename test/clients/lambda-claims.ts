/** Where Lambda's API is not AWS's here, and why. What is not in here is the same, and the run has to show it. */
import type { Claims } from './compatibility-page.ts';

const DURABLE = 'functions cannot be durable here: workflows come later';
const NO_DURABLE = 'no function here is durable, so there are no executions';
const CAPACITY = 'functions run on this node, never on a capacity provider';
const BUCKETS = 'there are no buckets on the node yet: refused as a bucket that does not exist';
const IMAGES = 'an image that is stored on the node, as `NAME@sha256:DIGEST`; never one of a registry';
const DELIVERY = 'of sources other than queues: kept and checked, nothing is delivered';

export const LAMBDA_CLAIMS: Claims = {
  service: 'AWS Lambda',
  refusal: 'InvalidParameterValueException',
  differences: {
    CheckpointDurableExecution: { status: 'missing', why: DURABLE },
    GetDurableExecutionState: { status: 'missing', why: DURABLE },
    SendDurableExecutionCallbackFailure: { status: 'missing', why: DURABLE },
    SendDurableExecutionCallbackHeartbeat: { status: 'missing', why: DURABLE },
    SendDurableExecutionCallbackSuccess: { status: 'missing', why: DURABLE },
    '*.DurableConfig': { status: 'missing', why: DURABLE },
    'Invoke.DurableExecutionName': { status: 'missing', why: DURABLE },
    '*.CapacityProviderConfig': { status: 'missing', why: CAPACITY },
    '*.RuntimeConfig': { status: 'missing', why: CAPACITY },
    '*.AcceleratorConfig': { status: 'missing', why: CAPACITY },
    '*.PublishTo': { status: 'missing', why: CAPACITY },
    '*.TenancyConfig': { status: 'missing', why: 'instances are per function, not per tenant' },
    '*.TenantId': { status: 'missing', why: 'instances are per function, not per tenant' },
    'CreateFunction.Code.S3Bucket': { status: 'differs', why: BUCKETS },
    'CreateFunction.Code.S3Key': { status: 'differs', why: BUCKETS },
    'CreateFunction.Code.S3ObjectVersion': { status: 'differs', why: BUCKETS },
    'CreateFunction.Code.S3ObjectStorageMode': { status: 'differs', why: BUCKETS },
    'CreateFunction.Code.ImageUri': { status: 'differs', why: IMAGES },
    'UpdateFunctionCode.S3Bucket': { status: 'differs', why: BUCKETS },
    'UpdateFunctionCode.S3Key': { status: 'differs', why: BUCKETS },
    'UpdateFunctionCode.S3ObjectVersion': { status: 'differs', why: BUCKETS },
    'UpdateFunctionCode.S3ObjectStorageMode': { status: 'differs', why: BUCKETS },
    'UpdateFunctionCode.ImageUri': { status: 'differs', why: IMAGES },
    'PublishLayerVersion.Content.S3Bucket': {
      status: 'missing',
      why: 'there are no buckets on the node yet',
    },
    'PublishLayerVersion.Content.S3Key': { status: 'missing', why: 'there are no buckets on the node yet' },
    'PublishLayerVersion.Content.S3ObjectVersion': {
      status: 'missing',
      why: 'there are no buckets on the node yet',
    },
    'PublishLayerVersion.Content.S3ObjectStorageMode': {
      status: 'missing',
      why: 'there are no buckets on the node yet',
    },
    'PutFunctionEventInvokeConfig.DestinationConfig.OnSuccess': {
      status: 'differs',
      why: 'functions and standard queues, so far',
    },
    'PutFunctionEventInvokeConfig.DestinationConfig.OnFailure': {
      status: 'differs',
      why: 'functions and standard queues, so far',
    },
    'UpdateFunctionEventInvokeConfig.DestinationConfig.OnSuccess': {
      status: 'differs',
      why: 'functions and standard queues, so far',
    },
    'UpdateFunctionEventInvokeConfig.DestinationConfig.OnFailure': {
      status: 'differs',
      why: 'functions and standard queues, so far',
    },
  },
  withoutEffect: {
    CreateEventSourceMapping: DELIVERY,
    UpdateEventSourceMapping: DELIVERY,
    CreateCapacityProvider: CAPACITY,
    UpdateCapacityProvider: CAPACITY,
    PutFunctionScalingConfig: CAPACITY,
    PutRuntimeManagementConfig: 'each runtime has one version here, that of the machine',
    '*.VpcConfig': 'the network of a function is its `egress`',
    '*.KMSKeyArn': 'what is secret is sealed under the key of the node',
    '*.TracingConfig': 'traces come later',
    '*.SnapStart': 'starts are quick without snapshots',
    '*.FileSystemConfigs': 'there are no network file systems',
    '*.LoggingConfig': 'lines are kept as they are printed',
    '*.Architectures': 'functions run on the processor of the machine',
    'ListFunctions.MasterRegion': 'nothing here is replicated to the edge',
  },
  onlyRefusals: {
    GetDurableExecution: NO_DURABLE,
    GetDurableExecutionHistory: NO_DURABLE,
    StopDurableExecution: NO_DURABLE,
    DeleteDurableExecution: NO_DURABLE,
    PauseDurableExecution: NO_DURABLE,
    ResumeDurableExecution: NO_DURABLE,
  },
};
