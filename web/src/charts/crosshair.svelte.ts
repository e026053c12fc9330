/** Where somebody points on the time axis, shared by every chart of a page. */
export class Crosshair {
  /** 0 at the left edge, 1 at the right one; null while nobody points. Holds its place while time moves on. */
  at: number | null = $state(null);

  /** Moves by a part of the axis, for the keyboard; begins at the right edge. */
  move(by: number): void {
    this.at = Math.min(1, Math.max(0, (this.at ?? 1) + by));
  }
}
