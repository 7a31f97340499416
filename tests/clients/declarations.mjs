/**
 * Prints what is wrong in the declarations beside modules, and what the code has otherwise:
 * `node declarations.mjs FOLDER MODULE...`
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const [folder, ...modules] = process.argv.slice(2);
const options = { strict: true, target: ts.ScriptTarget.ES2022, types: [] };
const program = ts.createProgram(modules.map(declared), options);

for (const name of modules) {
  const file = program.getSourceFile(declared(name));
  for (const { messageText } of [...file.parseDiagnostics, ...program.getSemanticDiagnostics(file)])
    console.log(`${name}.d.ts: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  const code = ts.createSourceFile(name, readFileSync(join(folder, `${name}.js`), "utf8"), options);
  const [said, made] = [exportsOf(file), exportsOf(code)];
  for (const [what, parameters] of made)
    if (said.get(what) !== parameters) console.log(`${name}.d.ts: not as in the code: ${what}`);
  for (const [what, parameters] of said)
    if (parameters !== null && !made.has(what)) console.log(`${name}.d.ts: not there: ${what}`);
}

function declared(name) {
  return join(folder, `${name}.d.ts`);
}

/** How many parameters each exported function and public method has; null for other values. */
function exportsOf(file) {
  const found = new Map();
  for (const statement of file.statements) {
    if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    if (ts.isFunctionDeclaration(statement)) found.set(statement.name.text, count(statement));
    else if (ts.isClassDeclaration(statement)) {
      found.set(statement.name.text, 0);
      for (const member of statement.members) {
        if (member.name && ts.isPrivateIdentifier(member.name)) continue;
        found.set(`${statement.name.text}.${member.name?.text ?? "constructor"}`, count(member));
      }
    } else if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) found.set(name.text, null);
  }
  return found;
}

/** Accessors are taken for properties. */
function count(node) {
  const isCalled = !ts.isAccessor(node) && node.parameters;
  return isCalled ? node.parameters.length : null;
}
