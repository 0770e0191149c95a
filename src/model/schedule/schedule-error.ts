/** An expression or a time zone that cannot be used; the message says what is wrong and what is allowed. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  /** What it is about. */
  readonly about: 'expression' | 'timezone';

  constructor(about: ScheduleError['about'], message: string) {
    super(message);
    this.about = about;
  }
}
