/** Schedules over the control API: shown, held up, fired by hand. A deploy makes them. */
import { z } from 'zod';
import type { ScheduleDesk } from '../control/index.ts';
import { type Endpoint, endpoint } from './endpoint.ts';

export interface ScheduleOptions {
  readonly schedules: ScheduleDesk;
}

const app = z.string().min(1).max(100).optional();
const byName = z.object({ name: z.string().min(1).max(200) });
const inGroup = z.object({ group: z.string().min(1).max(64).default('default') });

export function scheduleEndpoints({ schedules }: ScheduleOptions): Endpoint[] {
  const verb = (name: 'pause' | 'resume' | 'run', summary: string) =>
    endpoint({
      method: 'POST',
      path: `/api/v1/schedules/{name}/${name}`,
      summary,
      needsDatabase: true,
      params: byName,
      query: inGroup,
      handle: ({ params, query }) => schedules[name]({ ...params, ...query }),
    });
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/schedules',
      summary: 'All schedules, or those of {app}, and when they fire next',
      needsDatabase: true,
      query: z.object({ app }),
      handle: ({ query }) => schedules.list(query.app ?? null),
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/schedules/{name}',
      summary: 'One schedule',
      needsDatabase: true,
      params: byName,
      query: inGroup,
      handle: ({ params, query }) => schedules.show({ ...params, ...query }),
    }),
    verb('pause', 'Hold a schedule up: it does not fire until it is resumed'),
    verb('resume', 'Let a schedule fire again, from its next time on'),
    verb('run', 'Fire a schedule now, whatever its times'),
  ];
}
