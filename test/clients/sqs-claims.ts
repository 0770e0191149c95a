/** Where SQS's API is not AWS's here, and why. What is not in here is the same, and the run has to show it. */
import type { Claims } from './compatibility-page.ts';

export const SQS_CLAIMS: Claims = {
  service: 'Amazon SQS',
  refusal: 'InvalidParameterValue',
  differences: {},
  withoutEffect: {},
  onlyRefusals: {},
};
