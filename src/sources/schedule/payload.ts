/** What a schedule's target is given: the events of EventBridge and of its Scheduler, or what the schedule says. */
import { ACCOUNT_ID, REGION, scheduleArn } from '../../model/index.ts';
import type { Schedule } from '../../store/index.ts';

export interface SlotFired {
  /** UUID of the firing. */
  readonly id: string;
  /** Wall-clock ms: the slot, also where it fires later. */
  readonly slotMs: number;
}

type Told = Pick<Schedule, 'group' | 'name' | 'app' | 'target'>;

/** @returns JSON text, unless the schedule's own input is none */
export function payloadOf(schedule: Told, fired: SlotFired): string {
  const { input } = schedule.target;
  return input === null ? JSON.stringify(eventOf(schedule, fired)) : substituted(schedule, fired, input);
}

/** A schedule of a manifest tells what a rule of EventBridge would; another what AWS's Scheduler tells. */
function eventOf(schedule: Told, { id, slotMs }: SlotFired): object {
  const ofApp = schedule.app !== null;
  return {
    version: '0',
    id,
    'detail-type': 'Scheduled Event',
    source: ofApp ? 'aws.events' : 'aws.scheduler',
    account: ACCOUNT_ID,
    time: timeOf(slotMs),
    region: REGION,
    resources: [
      ofApp ? `arn:aws:events:${REGION}:${ACCOUNT_ID}:rule/${schedule.name}` : scheduleArn(schedule),
    ],
    detail: ofApp ? {} : '{}',
  };
}

/** Scheduler's context attributes, wherever they stand in the text. */
function substituted(schedule: Told, { id, slotMs }: SlotFired, input: string): string {
  const values: Readonly<Record<string, string>> = {
    'schedule-arn': scheduleArn(schedule),
    'scheduled-time': timeOf(slotMs),
    'execution-id': id,
    'attempt-number': '1',
  };
  return input.replace(/<aws\.scheduler\.([a-z-]+)>/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] as string) : whole,
  );
}

/** AWS writes whole seconds. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
