// Runs before the first paint, so that no page flashes in another theme or language. `src/shell/theme.svelte.ts` and
// `src/format/preferences.ts` write the keys.
(() => {
  const { document, matchMedia, navigator } = globalThis;
  const kept = (key) => {
    try {
      return globalThis.localStorage.getItem(key);
    } catch {
      return null; // Storage is switched off: follow the system.
    }
  };

  const theme = kept('watchfloor-theme');
  if (theme === 'light' || theme === 'dark' || theme === 'contrast') {
    document.documentElement.dataset.theme = theme;
  } else if (matchMedia('(prefers-contrast: more)').matches) {
    document.documentElement.dataset.theme = 'contrast';
  }

  const known = ['en', 'de'];
  const wanted = [kept('watchfloor-language'), ...navigator.languages.map((tag) => tag.split('-')[0])];
  document.documentElement.lang = wanted.find((language) => known.includes(language)) ?? 'en';
})();
