/** Prints what a linter of OpenAPI finds in a document: `node lint.mjs openapi.json`. */

import { createConfig, lint } from "@redocly/openapi-core";

const config = await createConfig({ extends: ["recommended-strict"] });
for (const { ruleId, message, location } of await lint({ ref: process.argv[2], config }))
  console.log(`${ruleId}: ${message} ${location[0].pointer}`);
