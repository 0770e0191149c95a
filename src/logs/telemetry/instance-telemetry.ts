/**
 * The telemetry of one instance, as its owner uses it: who may subscribe, and what is told.
 *
 * Owns   the time in which extensions may subscribe (until the instance is initialised), and what happened in it:
 *        whoever subscribes late in it is told the beginning too.
 * Never  costs more than a look where nobody has subscribed.
 */
import type { PlatformEvent, TelemetryHub } from './hub.ts';
import { parseSubscription, type Subscription, type TelemetryApi } from './subscription.ts';

export interface SubscribeRequest {
  readonly api: TelemetryApi;
  /** Of the extension. */
  readonly name: string;
  readonly body: string;
  /** Where the instance is reached; null: as any program of this machine. */
  readonly address: string | null;
}

export interface InstanceTelemetry {
  /** @returns what the extension is answered */
  subscribe(request: SubscribeRequest): { readonly status: number; readonly body: unknown };
  /** Whether anybody is told anything. */
  readonly active: boolean;
  /** Something happened: `platform.start`, … */
  emit(type: string, record: unknown): void;
  /** The instance is initialised: nobody subscribes any more. */
  close(): void;
  /** It stands still: nothing can be brought to it. */
  pause(paused: boolean): void;
  /** Resolves when what happened has been brought, or could not be. */
  flush(): Promise<void>;
  /** The instance is gone. */
  end(): void;
}

export type TelemetryMessage = { readonly kind: 'telemetry'; readonly instanceId: string } & (
  | {
      readonly act: 'subscribe';
      readonly host: string;
      readonly subscription: Subscription;
      readonly before: readonly PlatformEvent[];
    }
  | { readonly act: 'tell'; readonly event: PlatformEvent }
  | { readonly act: 'pause'; readonly paused: boolean }
  | { readonly act: 'flush'; readonly ticket: number }
  | { readonly act: 'forget' }
);

/** What happens while an instance initialises: a few events, and one for each extension. */
const MAX_EARLY = 64;
/** Events that end what may have printed something. */
const ENDS = /Done$/;
const LOOPBACK = '127.0.0.1';
const CLOSED = {
  logs: { errorType: 'Logs.SubscriptionClosed', errorMessage: 'Logs API subscription is closed' },
  telemetry: {
    errorType: 'Telemetry.SubscriptionClosed',
    errorMessage: 'Telemetry API subscription is closed',
  },
} as const;
const INVALID = { logs: 'Logs.ValidationError', telemetry: 'ValidationError' } as const;

export interface TelemetryParts {
  readonly instanceId: string;
  say(message: TelemetryMessage): void;
  /** Asks for a flush. */
  flush(): Promise<void>;
  wallMs(): number;
}

export function instanceTelemetry({ instanceId, say, flush, wallMs }: TelemetryParts): InstanceTelemetry {
  const names = new Map<string, TelemetryApi>();
  const about = { kind: 'telemetry', instanceId } as const;
  let early: PlatformEvent[] | null = [];

  function emit(type: string, record: unknown): void {
    if (early === null && names.size === 0) return;
    const event = { type, atMs: wallMs(), record };
    if (early !== null && early.length < MAX_EARLY) early.push(event);
    if (names.size > 0) say({ ...about, act: 'tell', event });
  }

  return {
    emit,
    get active() {
      return names.size > 0;
    },
    subscribe({ api, name, body, address }) {
      if (early === null) return { status: 403, body: CLOSED[api] };
      const errorType = INVALID[api];
      const subscription = parseSubscription(api, name, body);
      if ('wrong' in subscription)
        return { status: 400, body: { errorType, errorMessage: subscription.wrong } };
      if ((names.get(name) ?? api) !== api) {
        const errorMessage = 'the extension has subscribed by the other API already';
        return { status: 400, body: { errorType, errorMessage } };
      }
      const first = !names.has(name);
      names.set(name, api);
      say({ ...about, act: 'subscribe', host: address ?? LOOPBACK, subscription, before: [...early] });
      const { types } = subscription;
      if (first) emit(`platform.${api}Subscription`, { name, state: 'Subscribed', types });
      return { status: 200, body: 'OK' };
    },
    close() {
      early = null;
    },
    pause(paused) {
      if (names.size > 0) say({ ...about, act: 'pause', paused });
    },
    flush: () => (names.size > 0 ? flush() : Promise.resolve()),
    end() {
      if (names.size > 0) say({ ...about, act: 'forget' });
      names.clear();
    },
  };
}

/**
 * Takes what an instance's owner says, in the order in which it was said.
 *
 * @param readOut reads what the instance has printed so far: a line comes before the event that follows it
 */
export function telemetryTaker(
  hub: TelemetryHub,
  readOut: (instanceId: string) => Promise<void>,
): (message: TelemetryMessage) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  async function take(message: TelemetryMessage): Promise<void> {
    const { instanceId } = message;
    if (message.act === 'subscribe') {
      hub.subscribe(instanceId, message.host, message.subscription);
      for (const event of message.before) hub.platform(instanceId, event, message.subscription.name);
    } else if (message.act === 'tell') {
      if (hub.has(instanceId) && ENDS.test(message.event.type)) await readOut(instanceId);
      hub.platform(instanceId, message.event);
    } else if (message.act === 'pause') hub.pause(instanceId, message.paused);
    else if (message.act === 'flush') {
      await readOut(instanceId);
      await hub.flush(instanceId);
    } else hub.forget(instanceId);
  }
  return (message) => {
    const { instanceId } = message;
    const before = last.get(instanceId) ?? Promise.resolve();
    const taken = message.act === 'pause' ? take(message) : before.then(() => take(message));
    const settled = taken.catch(() => {});
    last.set(instanceId, settled);
    void settled.then(() => {
      if (last.get(instanceId) === settled) last.delete(instanceId);
    });
    return taken;
  };
}
