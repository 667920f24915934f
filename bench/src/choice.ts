/** What of a comparison is measured: the work and the contenders whose names these find. */
export interface Choice {
  readonly work: RegExp;
  readonly who: RegExp;
}
