import type { Attachment } from 'svelte/attachments';

/** Calls `tell` with whether an element is on the screen or within 200 px of it. */
export function inView(tell: (seen: boolean) => void): Attachment<HTMLElement> {
  return (element) => {
    const observer = new IntersectionObserver(
      (entries) => tell(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: '200px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  };
}
