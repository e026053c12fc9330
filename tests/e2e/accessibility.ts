/** Checks an open page for its accessibility, by axe. */
import axe from 'axe-core';
import type { Page } from 'playwright';
import { z } from 'zod';

const violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }));

/**
 * The rules of accessibility that the page breaks: each rule, and the first element that breaks it. `targets`: axe looks
 * at how large links and buttons are, too, which it leaves out where nobody asks for it.
 */
export async function wrongWith(
  page: Page,
  { targets = false }: { readonly targets?: boolean } = {},
): Promise<string[]> {
  await page.evaluate(axe.source);
  const options = { resultTypes: ['violations'], rules: { 'target-size': { enabled: targets } } };
  const found = await page.evaluate(
    `axe.run(document, ${JSON.stringify(options)}).then((r) => r.violations)`,
  );
  return violations.parse(found).map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
}
