/** A mouse or a pen drags a tile, or its corner, over the grid in whole columns and rows. */
import type { Attachment } from 'svelte/attachments';
import type { Place } from '#protocol/boards.ts';

interface Dragging {
  /** Where the tile is. */
  readonly place: () => Place;
  /** Where it is to be, when the pointer has moved by so many columns and rows since the drag began. */
  readonly to: (begun: Place, by: { readonly columns: number; readonly rows: number }) => Place;
  readonly onplace: (place: Place) => void;
  readonly onend: () => void;
}

/** What a press means that is not the beginning of a drag: on a button of the tile, or on its corner. */
const STILL = '[data-still]';

export function dragging({ place, to, onplace, onend }: Dragging): Attachment<HTMLElement> {
  return (element) => {
    const listening = new AbortController();
    const { signal } = listening;
    let drag:
      | {
          readonly begun: Place;
          readonly x: number;
          readonly y: number;
          readonly wide: number;
          readonly tall: number;
        }
      | undefined;
    const end = () => {
      if (drag) onend();
      drag = undefined;
    };

    element.addEventListener(
      'pointerdown',
      (event) => {
        const inner = event.target instanceof Element ? event.target.closest(STILL) : null;
        // A finger scrolls; it drags by the corner only.
        const finger = event.pointerType === 'touch' && !element.matches(STILL);
        if (event.button !== 0 || finger || (inner !== null && inner !== element)) return;
        const tile = element.closest('.tile');
        if (!tile) return;
        const { width, height } = tile.getBoundingClientRect();
        const begun = place();
        drag = { begun, x: event.clientX, y: event.clientY, wide: width / begun.w, tall: height / begun.h };
        element.setPointerCapture(event.pointerId);
      },
      { signal },
    );
    element.addEventListener(
      'pointermove',
      (event) => {
        if (!drag) return;
        const columns = Math.round((event.clientX - drag.x) / drag.wide);
        const rows = Math.round((event.clientY - drag.y) / drag.tall);
        onplace(to(drag.begun, { columns, rows }));
      },
      { signal },
    );
    element.addEventListener('pointerup', end, { signal });
    element.addEventListener('pointercancel', end, { signal });
    return () => {
      listening.abort();
      end();
    };
  };
}
