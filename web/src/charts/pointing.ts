/** A mouse, a pen or a finger over a chart moves the crosshair; a drag selects. */
import type { Attachment } from 'svelte/attachments';
import type { Crosshair, Selection } from './crosshair.svelte.ts';

interface Pointing {
  readonly crosshair: Crosshair;
  /** Where the time axis lies in the element, in pixels. */
  readonly axis: () => { readonly left: number; readonly width: number };
  /** A part of the axis was selected. A finger cannot select: it reads values and scrolls. */
  readonly onselect: (selection: Selection) => void;
  readonly ondoubleclick: () => void;
  /** The axis was clicked once, at this part of it. */
  readonly onpick?: (part: number) => void;
  /** Called with whether somebody points at this element. */
  readonly onpointed?: (pointed: boolean) => void;
}

/** A click is no double click when so many milliseconds have passed. */
const DOUBLE_MS = 300;
/** A finger that moves further than so many pixels does not tap. */
const TAP_PX = 8;
/** Pointing this far outside the axis, as a part of it, still counts as its edge. */
const SLACK = 0.02;

const inside = (part: number) => Math.min(1, Math.max(0, part));

export function pointing({
  crosshair,
  axis,
  onselect,
  ondoubleclick,
  onpick = () => undefined,
  onpointed = () => undefined,
}: Pointing): Attachment<HTMLElement> {
  return (element) => {
    const listening = new AbortController();
    /** Where the drag began; undefined while there is none. */
    let began: number | undefined;
    /** Where a finger touched, in pixels. */
    let touched: { readonly x: number; readonly y: number } | undefined;
    let picking: ReturnType<typeof setTimeout> | undefined;

    /** Waits whether a second click follows, which means something else. */
    const pick = (part: number) => {
      clearTimeout(picking);
      picking = setTimeout(() => onpick(part), DOUBLE_MS);
    };
    const isTap = ({ clientX, clientY }: PointerEvent) =>
      touched !== undefined && Math.hypot(clientX - touched.x, clientY - touched.y) <= TAP_PX;

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
      touched = undefined;
      crosshair.selection = null;
    };

    on('pointerenter', () => onpointed(true));
    on('pointermove', follow);
    on('pointerdown', (event) => {
      follow(event);
      touched = event.pointerType === 'touch' ? { x: event.clientX, y: event.clientY } : undefined;
      if (event.pointerType === 'touch' || event.button !== 0 || crosshair.at === null) return;
      began = crosshair.at;
      element.setPointerCapture(event.pointerId);
    });
    on('pointerup', (event) => {
      const isClick = began !== undefined || isTap(event);
      const selected = began === undefined ? null : crosshair.take();
      const { at } = crosshair;
      end();
      if (selected) onselect(selected);
      else if (isClick && at !== null) pick(at);
    });
    on('pointercancel', end);
    on('pointerleave', () => {
      if (began !== undefined) return;
      onpointed(false);
      crosshair.at = null;
    });
    on('dblclick', () => {
      clearTimeout(picking);
      ondoubleclick();
    });
    return () => {
      clearTimeout(picking);
      listening.abort();
      end();
    };
  };
}
