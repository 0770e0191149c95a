// EventBridge Scheduler by AWS's SDK for JavaScript: a schedule's whole life, one JSON line per step, as the program
// in Go has it. The endpoint and the keys come from the environment, as the SDK itself reads them; ROLE is the role,
// PACKAGES the folder with the SDK.
import { createRequire } from 'node:module';

const {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  ListTagsForResourceCommand,
  paginateListSchedules,
  SchedulerClient,
  UpdateScheduleCommand,
} = createRequire(`${process.env.PACKAGES}/`)('@aws-sdk/client-scheduler');

const client = new SchedulerClient({ maxAttempts: 1 });
const GroupName = 'by-javascript';

const say = (step, facts) => process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);

async function refusal(call) {
  try {
    await call;
  } catch ({ name: error, message }) {
    return { error, message };
  }
  throw new Error('not refused');
}

const wish = (Name, over = {}) => ({
  ...{ Name, GroupName, State: 'DISABLED' },
  ScheduleExpression: 'cron(0 8 ? * MON-FRI *)',
  ScheduleExpressionTimezone: 'Europe/Berlin',
  FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 },
  Target: {
    Arn: 'arn:aws:lambda:us-east-1:000000000000:function:nobody',
    RoleArn: process.env.ROLE,
    Input: '{"n":1}',
  },
  ...over,
});

const Tags = [{ Key: 'team', Value: 'shop' }];
const made = await client.send(new CreateScheduleGroupCommand({ Name: GroupName, Tags }));
const tagged = await client.send(new ListTagsForResourceCommand({ ResourceArn: made.ScheduleGroupArn }));
say('group', { key: tagged.Tags[0].Key, value: tagged.Tags[0].Value });

const get = (Name) => client.send(new GetScheduleCommand({ Name, GroupName }));
await client.send(new CreateScheduleCommand(wish('report')));
const first = await get('report');
say('create', {
  expression: first.ScheduleExpression,
  timezone: first.ScheduleExpressionTimezone,
  state: first.State,
  window: first.FlexibleTimeWindow.MaximumWindowInMinutes,
  input: first.Target.Input,
  retries: first.Target.RetryPolicy.MaximumRetryAttempts,
  dated: first.CreationDate.getTime() === first.LastModificationDate.getTime(),
});
say('twice', await refusal(client.send(new CreateScheduleCommand(wish('report')))));

const { Target } = wish('report');
const hourly = { ScheduleExpression: 'rate(1 hour)', FlexibleTimeWindow: { Mode: 'OFF' }, Target };
await client.send(new UpdateScheduleCommand({ Name: 'report', GroupName, State: 'DISABLED', ...hourly }));
const second = await get('report');
say('update', {
  expression: second.ScheduleExpression,
  timezone: second.ScheduleExpressionTimezone,
  mode: second.FlexibleTimeWindow.Mode,
});
const invalid = wish('invalid', { ScheduleExpression: 'rate(5 lightyears)' });
say('invalid', await refusal(client.send(new CreateScheduleCommand(invalid))));

for (const name of ['a', 'b', 'c']) await client.send(new CreateScheduleCommand(wish(name)));
const names = [];
for await (const page of paginateListSchedules({ client, pageSize: 2 }, { GroupName }))
  names.push(...page.Schedules.map(({ Name }) => Name));
say('list', { names });

await client.send(new DeleteScheduleCommand({ Name: 'report', GroupName }));
await client.send(new DeleteScheduleGroupCommand({ Name: GroupName }));
say('delete', await refusal(get('a')));
client.destroy();
