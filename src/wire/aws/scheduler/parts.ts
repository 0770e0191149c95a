/** What the operations of Scheduler's API are made of; server/ fills them. */
import type { MadeSchedules } from '../../../control/index.ts';
import { ACCOUNT_ID, REGION } from '../../../model/index.ts';

export interface SchedulerParts {
  readonly schedules: MadeSchedules;
  readonly roles: {
    /** @throws {Fault} `role-unassumable` */
    requireAssumable(role: { readonly nameOrArn: string; readonly service: string }): unknown;
  };
  readonly clock: { wallMs(): number };
}

export function groupArn(name: string): string {
  return `arn:aws:scheduler:${REGION}:${ACCOUNT_ID}:schedule-group/${name}`;
}
