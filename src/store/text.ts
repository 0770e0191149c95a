/**
 * Text as PostgreSQL can keep it: a NUL, which it cannot, becomes U+FFFD. What functions print is
 * theirs to choose, and one odd byte must not lose a whole batch.
 */
export function storableText<T extends string | null>(text: T): T {
  return (text?.includes('\0') ? text.replaceAll('\0', '\ufffd') : text) as T;
}

/** A JSON document as PostgreSQL can read it, whatever texts are in it: one odd character must not hold up what is settled by it. */
export function storableJson(value: unknown): string {
  const document = JSON.stringify(value);
  // What it cannot read, JSON writes as escapes. An escaped backslash before such a word is rare, and only costs time.
  if (!document.includes('\\u0000') && !document.includes('\\ud')) return document;
  return JSON.stringify(value, (_, part) =>
    typeof part === 'string' ? storableText(part.toWellFormed()) : part,
  );
}
