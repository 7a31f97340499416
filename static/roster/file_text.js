/** The text of a file, in whichever way spreadsheets and editors have written it. */

const MOST_BYTES = 2 ** 20; // of 500 people it has a tenth
const MARKS = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** Promises the text; throws a `RangeError` for a file that is no list of people. */
export async function textOf(file) {
  if (file.size > MOST_BYTES) throw new RangeError("This file is too large to be a list of people.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = decoded(bytes);
  if (text.includes("\0")) {
    throw new RangeError("This is no text. Save the table as CSV, and choose that file.");
  }
  return text;
}

/** By its byte order mark, or else as UTF-8, or else as older versions of Excel write. */
function decoded(bytes) {
  const [marked] = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? [];
  if (marked) return new TextDecoder(marked).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
