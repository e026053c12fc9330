// Runs before the first paint, so that no page flashes in another theme. `src/shell/theme.svelte.ts` writes the key.
(() => {
  const { document, matchMedia } = globalThis;
  let theme;
  try {
    theme = globalThis.localStorage.getItem('watchfloor-theme');
  } catch {
    theme = null; // Storage is switched off: follow the system.
  }
  if (theme === 'light' || theme === 'dark' || theme === 'contrast') {
    document.documentElement.dataset.theme = theme;
  } else if (matchMedia('(prefers-contrast: more)').matches) {
    document.documentElement.dataset.theme = 'contrast';
  }
})();
