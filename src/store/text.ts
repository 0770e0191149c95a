/**
 * Text as PostgreSQL can keep it: a NUL, which it cannot, becomes U+FFFD. What functions print is
 * theirs to choose, and one odd byte must not lose a whole batch.
 */
export function storableText<T extends string | null>(text: T): T {
  return (text?.includes('\0') ? text.replaceAll('\0', '\ufffd') : text) as T;
}
