/** Asks for an export, shows how far it is, and leads to its file: for any page that is live. */

import { ask, askPatiently } from "../api.js";
import { attempt } from "./dialogs.js";
import { button, icon, make } from "./dom.js";
import { fullyOf, sizeOf } from "./format.js";
import { LiveQuery } from "./live_query.js";

export class Export {
  /** To be put into the page. */
  element;
  #path;
  #groupId;
  #query;
  #asking;
  #progress;
  #said = make("p", { className: "hint", role: "status" });
  #download;

  /**
   * @param {import("../live.js").Live} live
   * @param {number|null} groupId the group of which the reader is an owner; null for what is her own
   */
  constructor(live, groupId = null) {
    this.#groupId = groupId;
    this.#path = groupId === null ? "/me/exports" : `/groups/${groupId}/exports`;
    this.#asking = button("Export", () => attempt(() => this.#ask()));
    this.#progress = make("progress", { max: 100, hidden: true, ariaLabel: "Export" });
    this.#download = make("a", { className: "button primary", download: "", hidden: true });
    const verbs = make("p", { className: "verbs" }, this.#asking, this.#download);
    this.element = make("div", { className: "export" }, verbs, this.#progress, this.#said);
    this.#query = new LiveQuery(live, {
      fetch: (options) => askPatiently("GET", "/me/exports?limit=100", undefined, options),
      show: ({ exports }) => this.#show(exports.find((one) => this.#isMine(one)) ?? null),
      event: ({ kind, data }) => {
        if (kind === "export.changed" && !data.gone && this.#isMine(data)) this.#show(data);
      },
    });
  }

  /** To be called when it is taken off the page. */
  end() {
    this.#query.end();
  }

  #isMine({ group_id: groupId }) {
    return groupId === this.#groupId;
  }

  async #ask() {
    if (this.#asking.ariaDisabled === "true") return;
    await ask("POST", this.#path);
    await this.#query.load();
  }

  #show(made) {
    const isMade = made?.state === "done";
    const isGoingOn = made?.state === "waiting" || made?.state === "running";
    this.#asking.ariaDisabled = `${isGoingOn}`; // it keeps the focus
    this.#asking.textContent = made && !isGoingOn ? "Export again" : "Export";
    this.#progress.hidden = !isGoingOn;
    if (made?.state === "running") this.#progress.value = made.percent;
    else this.#progress.removeAttribute("value");
    this.#download.hidden = !isMade;
    const said = sentenceOf(made);
    if (this.#said.textContent !== said) this.#said.textContent = said; // read out once
    this.#said.classList.toggle("wrong", made?.state === "failed");
    if (!isMade) return;
    this.#download.href = `/api/exports/${made.id}/file`;
    this.#download.replaceChildren(icon("download"), `Download (${sizeOf(made.size_bytes)})`);
  }
}

function sentenceOf(made) {
  switch (made?.state) {
    case "waiting":
      return "It will be made in a moment. You may leave this page.";
    case "running":
      return "It is being made. You may leave this page.";
    case "done":
      return `Made on ${fullyOf(made.created_at)}. Here until ${fullyOf(made.expires_at)}.`;
    case "failed":
      return `It could not be made. ${made.problem}`;
    default:
      return "";
  }
}
