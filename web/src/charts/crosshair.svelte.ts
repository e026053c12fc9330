/** Where somebody points on the time axis, and which part of it they select. All charts of a page share one. */

/** A part of the axis: 0 is its left edge, 1 its right one. `from` is where the selection began. */
export interface Selection {
  readonly from: number;
  readonly to: number;
}

/** A drag over less than this part of the axis is a click, not a selection. */
const LEAST = 0.01;

export class Crosshair {
  /** 0 at the left edge, 1 at the right one; null while nobody points. It keeps its place while time moves on. */
  at: number | null = $state(null);
  /** What is being selected; null while nothing is. */
  selection: Selection | null = $state.raw(null);

  /** Moves the crosshair by a part of the axis, for the keyboard. It starts from the right edge. */
  move(by: number): void {
    this.at = Math.min(1, Math.max(0, (this.at ?? 1) + by));
  }

  /** Moves the crosshair and the end of the selection with it. The selection begins where the crosshair was. */
  stretch(by: number): void {
    const from = this.selection?.from ?? this.at ?? 1;
    this.move(by);
    this.selection = { from, to: this.at ?? from };
  }

  /** Selects from where a drag began to where it is now. */
  drag(from: number, to: number): void {
    this.at = to;
    this.selection = Math.abs(to - from) < LEAST ? null : { from, to };
  }

  /** Ends the selection and returns it, the earlier end first; null where nothing was selected. */
  take(): Selection | null {
    const selected = this.selection;
    this.selection = null;
    if (selected === null || selected.from === selected.to) return null;
    const { from, to } = selected;
    return from < to ? { from, to } : { from: to, to: from };
  }

  clear(): void {
    this.at = null;
    this.selection = null;
  }
}
