/**
 * Where a function's code may connect to. `public` is the internet without private, link-local and
 * shared addresses and without any address of the host; `all` is everything but other sandboxes and
 * the host; `list` is what is listed and nothing else.
 */
export type Egress =
  | { readonly mode: 'public' }
  | { readonly mode: 'none' }
  | { readonly mode: 'all' }
  | {
      readonly mode: 'list';
      /** `port` null: any. */
      readonly cidrs: readonly { readonly cidr: string; readonly port: number | null }[];
      readonly names: readonly { readonly host: string; readonly port: number }[];
    };
