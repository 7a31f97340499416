/** The syntax of mentions: `@username`, as model/text/mention_syntax.py finds it. */

const WORD = "A-Za-z0-9\\u00c0-\\u058f\\u1e00-\\u1fff";
const HYPHEN = "\\-\\u2010\\u2011"; // the others are those of word processors
const AT = 0x40;

/** What may stand before a mention: no word, and no mark but those that Markdown takes away. */
export const BEFORE_MENTION = `(?<=(?<![${WORD}@./\\\\_${HYPHEN}])_*)`;

const NAME = new RegExp(
  `${BEFORE_MENTION}@([A-Za-z0-9_${HYPHEN}]{2,39})[_${HYPHEN}]*(?![${WORD}@_${HYPHEN}])`,
  "y",
);
const MARKS = /^[_-]*$/;

/** A rule for the Markdown parser: each mention of its `env.username` is a token `mention`. */
export function mentionRule(state, silent) {
  const { username } = state.env;
  if (!username || state.src.charCodeAt(state.pos) !== AT) return false;
  NAME.lastIndex = state.pos;
  const name = NAME.exec(state.src)?.[1].replace(/[\u2010\u2011]/g, "-") ?? "";
  const [own, marks] = [name.slice(0, username.length), name.slice(username.length)];
  if (own.toLowerCase() !== username.toLowerCase() || !MARKS.test(marks)) return false;
  if (!silent) state.push("mention", "", 0).content = `@${own}`;
  state.pos += 1 + own.length;
  return true;
}
