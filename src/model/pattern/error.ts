/** A pattern that EventBridge would refuse, in its own words. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  /** What is wrong, without the place. */
  readonly reason: string;
  /** Line and column, as EventBridge says them after the reason; may be empty. */
  readonly place: string;

  /**
   * @param reason EventBridge's words
   */
  constructor(reason: string, place = '') {
    super(`Event pattern is not valid. Reason: ${reason}${place}`);
    this.reason = reason;
    this.place = place;
  }
}
