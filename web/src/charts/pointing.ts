/** Pointing at a chart with a mouse, a pen or a finger: moves the crosshair; a drag selects. */
import type { Attachment } from 'svelte/attachments';
import type { Crosshair, Selection } from './crosshair.svelte.ts';

interface Pointing {
  readonly crosshair: Crosshair;
  /** Where the time axis lies in the element, in pixels. */
  readonly axis: () => { readonly left: number; readonly width: number };
  /** A part of the axis was selected. A finger selects nothing: it reads and scrolls. */
  readonly onselect: (selection: Selection) => void;
  readonly ondoubleclick: () => void;
  /** Whether this element is the one that is pointed at. */
  readonly onpointed?: (pointed: boolean) => void;
}

/** This far outside of the axis is still its edge. */
const SLACK = 0.02;

const inside = (part: number) => Math.min(1, Math.max(0, part));

export function pointing({
  crosshair,
  axis,
  onselect,
  ondoubleclick,
  onpointed = () => undefined,
}: Pointing): Attachment<HTMLElement> {
  return (element) => {
    const listening = new AbortController();
    /** Where a drag began; undefined outside of one. */
    let began: number | undefined;

    const partOf = (event: MouseEvent) => {
      const { left, width } = axis();
      return (event.clientX - element.getBoundingClientRect().left - left) / width;
    };
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      act: (event: HTMLElementEventMap[Name]) => void,
    ) => {
      element.addEventListener(name, act, { signal: listening.signal });
    };
    const follow = (event: PointerEvent) => {
      const part = partOf(event);
      if (began !== undefined) crosshair.drag(began, inside(part));
      else crosshair.at = part < -SLACK || part > 1 + SLACK ? null : inside(part);
    };
    const end = () => {
      began = undefined;
      crosshair.selection = null;
    };

    on('pointerenter', () => onpointed(true));
    on('pointermove', follow);
    on('pointerdown', (event) => {
      follow(event);
      if (event.pointerType === 'touch' || event.button !== 0 || crosshair.at === null) return;
      began = crosshair.at;
      element.setPointerCapture(event.pointerId);
    });
    on('pointerup', () => {
      const selected = began === undefined ? null : crosshair.take();
      end();
      if (selected) onselect(selected);
    });
    on('pointercancel', end);
    on('pointerleave', () => {
      if (began !== undefined) return;
      onpointed(false);
      crosshair.at = null;
    });
    on('dblclick', ondoubleclick);
    return () => {
      listening.abort();
      end();
    };
  };
}
