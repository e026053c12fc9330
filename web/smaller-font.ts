/**
 * The build step that takes out of the typeface what no page uses: weights below 400 and above 700, and the features
 * that `base.css` does not ask for. It halves the file that every first visit waits for. Letters of other scripts are
 * in files of their own, which browsers fetch only where such a letter is shown.
 */
import subsetFont from 'subset-font';
import type { Plugin } from 'vite';

const LATIN = /inter-latin-wght-normal.*\.woff2$/;

function range(from: number, to: number): string {
  return String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

/** The characters that the typeface's own style sheet names for this file. */
const CHARACTERS =
  range(0x00, 0xff) +
  range(0x2000, 0x206f) +
  '\u0131\u0152\u0153\u02bb\u02bc\u02c6\u02da\u02dc\u0304\u0308\u0329\u20ac\u2122\u2191\u2193\u2212\u2215\ufeff\ufffd';

/** Its types know neither `keepFeatures` nor `noHinting`, so the options are not written where it is called. */
const KEPT = {
  targetFormat: 'woff2' as const,
  variationAxes: { wght: { min: 400, max: 700 } },
  keepFeatures: ['kern', 'ccmp', 'tnum'],
  noHinting: true,
};

export function smallerFont(): Plugin {
  return {
    name: 'watchfloor-smaller-font',
    apply: 'build',
    async generateBundle(_, bundle) {
      for (const asset of Object.values(bundle)) {
        if (asset.type !== 'asset' || !LATIN.test(asset.fileName)) continue;
        asset.source = await subsetFont(Buffer.from(asset.source), CHARACTERS, KEPT);
      }
    },
  };
}
