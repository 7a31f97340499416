/**
 * The text of a post as nodes: links, code, lists, quotes and emphasis, written as in Markdown.
 * Everything else stays as it was typed, and nothing is ever read as HTML.
 */

import { make } from "../page/dom.js";
import { mentionRule } from "./mention_syntax.js";
import MarkdownIt from "../vendor/markdown-it.js";

const BLOCKS = ["fence", "list", "blockquote"];
const MARKS = ["escape", "backticks", "emphasis", "strikethrough", "link", "autolink", "linkify"];
const DEEPEST = 20; // the parser leaves out what is nested deeper
const LINKED = /^(https?:\/\/|mailto:)/iu;
const OPENED = {
  paragraph_open: () => make("p"),
  blockquote_open: () => make("blockquote"),
  bullet_list_open: () => make("ul"),
  ordered_list_open: (token) => listFrom(token.attrGet("start") ?? 1, token.markup),
  list_item_open: () => make("li"),
  strong_open: () => make("strong"),
  em_open: () => make("em"),
  s_open: () => make("s"),
  link_open: (token) => linkTo(token.attrGet("href")),
};
const WHOLE = {
  code_inline: ({ content }) => make("code", {}, content),
  fence: ({ content }) => make("pre", { tabIndex: 0 }, make("code", {}, content)),
  hardbreak: () => "\n",
  mention: ({ content }) => make("mark", {}, content),
};

const parser = new MarkdownIt("zero", { linkify: true, maxNesting: DEEPEST });
parser.enable([...BLOCKS, ...MARKS]);
// main.py is not a site in Paraguay
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, urlAuth: true });
parser.validateLink = (address) => LINKED.test(address);
parser.inline.ruler.push("mention", mentionRule);

/** The nodes of a text, in which mentions of `username` are marked. */
export function formatted(text, username = null) {
  const tokens = parser.parse(text, { username });
  if (tokens.some(({ level }) => level >= DEEPEST - 1)) return [text];
  const whole = built(tokens.flatMap((token) => token.children ?? token));
  return whole.textContent.trim() ? [...whole.childNodes] : [text];
}

function built(tokens) {
  const open = [document.createDocumentFragment()];
  for (const token of tokens) {
    if (token.hidden) continue; // the paragraph in a list without empty lines
    if (token.nesting < 0) open.pop();
    else if (token.type in OPENED) {
      const element = OPENED[token.type](token);
      open.at(-1).append(element);
      open.push(element);
    } else open.at(-1).append(WHOLE[token.type]?.(token) ?? token.content);
  }
  return open[0];
}

/** A numbered list, with "1." or "1)" in front. */
function listFrom(start, mark) {
  const list = make("ol", { start });
  list.classList.toggle("bracketed", mark === ")");
  list.classList.toggle("high", start > 99);
  return list;
}

function linkTo(address) {
  const rel = "noopener noreferrer nofollow";
  return make("a", { href: address, rel, target: "_blank", title: address });
}
