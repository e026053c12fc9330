/** Writes the agent's unit for a clone from the text in the code: `node tests/house/write-unit.ts`. */
import { writeFileSync } from 'node:fs';
import { cloneUnit, UNIT_FILE } from './clone-unit.ts';

writeFileSync(UNIT_FILE, cloneUnit());
