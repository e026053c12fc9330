/** Where somebody points on the time axis, and what they select of it: shared by every chart of a page. */

/** A part of the axis, 0 at its left edge and 1 at its right one, in the order it was drawn. */
export interface Selection {
  readonly from: number;
  readonly to: number;
}

/** Less than this part of the axis is a click, not a selection. */
const LEAST = 0.01;

export class Crosshair {
  /** 0 at the left edge, 1 at the right one; null while nobody points. Holds its place while time moves on. */
  at: number | null = $state(null);
  /** What is being selected; null outside of that. */
  selection: Selection | null = $state.raw(null);

  /** Moves by a part of the axis, for the keyboard; begins at the right edge. */
  move(by: number): void {
    this.at = Math.min(1, Math.max(0, (this.at ?? 1) + by));
  }

  /** Moves and takes along the far end of a selection, which begins where the crosshair stood. */
  stretch(by: number): void {
    const from = this.selection?.from ?? this.at ?? 1;
    this.move(by);
    this.selection = { from, to: this.at ?? from };
  }

  /** Selects from where it began to where it is now. */
  drag(from: number, to: number): void {
    this.at = to;
    this.selection = Math.abs(to - from) < LEAST ? null : { from, to };
  }

  /** Ends the selection; answers what was selected, the earlier end first. */
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
