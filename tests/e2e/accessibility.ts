/** Checks an open page for its accessibility, by axe. */
import axe from 'axe-core';
import type { Page } from 'playwright';
import { z } from 'zod';

const violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }));

/** Axe leaves out the rule about how large a target is where nobody asks for it. */
const OPTIONS = { resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } };

/** The rules of accessibility that the page breaks: each rule, and the first element that breaks it. */
export async function wrongWith(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(
    `axe.run(document, ${JSON.stringify(OPTIONS)}).then((r) => r.violations)`,
  );
  return violations.parse(found).map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
}
