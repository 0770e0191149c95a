/** What Lambda's API sets about a function beyond its code. */
export type { EventInvoke, EventInvokeWish } from './event-invoke.ts';
export type { SettingsOptions, Target } from './parts.ts';
export {
  createSettings,
  type Permissions,
  type Settings,
  type Tagging,
  withoutTags,
  withTags,
} from './settings.ts';
export type { FunctionUrls, UrlWish } from './urls.ts';
