/** Where Scheduler's API is not AWS's here, and why. What is not in here is the same, and the run has to show it. */
import type { Claims } from './compatibility-page.ts';

const TARGETS = 'a schedule calls functions and queues of this node';

export const SCHEDULER_CLAIMS: Claims = {
  service: 'EventBridge Scheduler',
  refusal: 'ValidationException',
  differences: {
    '*.KmsKeyArn': { status: 'missing', why: 'what is secret is sealed under the key of the node' },
    '*.Target.EcsParameters': { status: 'missing', why: TARGETS },
    '*.Target.EventBridgeParameters': { status: 'missing', why: TARGETS },
    '*.Target.EventBridgePutEventsV2Parameters': { status: 'missing', why: TARGETS },
    '*.Target.EventBridgePutRawEventsParameters': { status: 'missing', why: TARGETS },
    '*.Target.KinesisParameters': { status: 'missing', why: TARGETS },
    '*.Target.SageMakerPipelineParameters': { status: 'missing', why: TARGETS },
  },
  withoutEffect: {},
  onlyRefusals: {},
};
