/** The scores of the open channel: the best of each player in a game, live. */

import { ask, askForAll, askPatiently } from "./api.js";
import { attempt, notify, onClick } from "./page/dialogs.js";
import { avatar, find, make, onClosed, time } from "./page/dom.js";
import { dateOf, personName } from "./page/format.js";
import { LiveQuery } from "./page/live_query.js";
import { Rows } from "./page/rows.js";

const A_PAGE = 100;
const MOST_GAMES = 1000;
const POINTS = new Intl.NumberFormat();
const BY_NAME = new Intl.Collator();

export class Scores {
  #context;
  #channel = null; // whose scores are shown
  #game = null;
  #games = new Set();
  #query = null;
  #best = new Map(); // scores by the id of their players
  #next = null; // behind which score the rest is
  #dialog = find("#scores-dialog");
  #rows = new Rows(find("#scores"));

  /** @param {import("./page/context.js").Context} context whose `channel` has the scores */
  constructor(context) {
    this.#context = context;
    find("#score-game").addEventListener("change", ({ target }) => this.#choose(target.value));
    onClick("#more-scores", () => this.#showMore());
    onClosed(this.#dialog, () => this.#end());
    context.people.addEventListener("changed", () => this.#render());
  }

  /** Opens the dialog with one game, or with the first one. */
  async open(game = null) {
    this.#channel = this.#context.channel;
    const { id, name } = this.#channel;
    find("#scores-title").textContent = `Scores in ${name}`;
    this.#dialog.showModal();
    await attempt(async () => {
      const { games } = await askForAll(`/channels/${id}/games`, "games", { most: MOST_GAMES });
      if (this.#channel?.id !== id) return;
      this.#games = new Set(games.map((each) => each.name));
      if (game) this.#games.add(game);
      this.#choose(game ?? this.#inOrder[0] ?? null);
    });
  }

  #choose(game) {
    this.#query?.end();
    this.#best.clear();
    this.#game = game;
    this.#showGames();
    find("#save-scores").hidden = find("#score-games").hidden = game === null;
    if (game === null) return this.#show({ scores: [], next: null });
    find("#save-scores").href = `/api${this.#path}.csv?${new URLSearchParams({ game })}`;
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => askPatiently("GET", this.#pageBehind(null), undefined, options),
      show: (list) => this.#show(list),
      event: (event) => this.#apply(event),
      revoked: () => this.#dialog.close(),
      failed: (problem) => this.#fail(problem),
    });
  }

  #fail(problem) {
    this.#dialog.close();
    notify(problem.message);
  }

  get #path() {
    return `/channels/${this.#channel.id}/scores`;
  }

  #pageBehind(id) {
    const page = id === null ? {} : { before: id };
    return `${this.#path}?${new URLSearchParams({ game: this.#game, limit: A_PAGE, ...page })}`;
  }

  #show({ scores, next }) {
    this.#best = new Map(scores.map((score) => [score.player.id, score]));
    this.#next = next;
    this.#render();
  }

  async #showMore() {
    const [best, behind] = [this.#best, this.#next];
    const { scores, next } = await ask("GET", this.#pageBehind(behind));
    if (best !== this.#best || behind !== this.#next) return; // it was loaded anew meanwhile
    this.#next = next;
    for (const score of scores) this.#take(score);
    this.#render();
  }

  #apply({ kind, data }) {
    if (kind === "person.changed") return this.#query.load();
    if (kind === "score.deleted" && this.#ranked.some(({ id }) => id === data.id))
      return this.#query.load(); // another score of that player is the best
    if (kind !== "score.set" || data.gone) return;
    if (!this.#games.has(data.game)) {
      this.#games.add(data.game);
      this.#showGames();
    }
    const last = this.#ranked.at(-1);
    const isInView = this.#next === null || (last && order(data, last) < 0);
    if (data.game !== this.#game || !data.player || !isInView) return;
    this.#take(data);
    this.#render();
  }

  /** Counts a score, unless its player has a better one. */
  #take(score) {
    const known = this.#best.get(score.player.id);
    if (!known || order(score, known) < 0) this.#best.set(score.player.id, score);
  }

  get #ranked() {
    return [...this.#best.values()].sort(order);
  }

  get #inOrder() {
    return [...this.#games].sort(BY_NAME.compare);
  }

  #showGames() {
    const options = this.#inOrder.map((name) => {
      const isChosen = name === this.#game;
      return new Option(name, name, isChosen, isChosen);
    });
    find("#score-game").replaceChildren(...options);
  }

  #render() {
    if (!this.#channel) return;
    const ranked = this.#ranked;
    let rank = 0;
    const rows = ranked.map((score, index) => {
      if (score.points !== ranked[index - 1]?.points) rank = index + 1;
      const player = this.#context.people.of(score.player);
      const looks = JSON.stringify([rank, score, player]);
      return { id: score.player.id, looks, rank, score, player };
    });
    this.#rows.show(rows, (row) => this.#row(row));
    find("#score-table").hidden = !rows.length;
    find("#no-scores").hidden = rows.length > 0;
    find("#more-scores").hidden = this.#next === null;
  }

  #row({ rank, score, player }) {
    const isOwn = score.player.id === this.#context.me.id;
    const name = make("span", { className: "name" }, personName(player), isOwn ? " (you)" : "");
    const { created_at: at } = score;
    const row = make(
      "tr",
      {},
      make("td", { className: "number" }, `${rank}`),
      make("th", { scope: "row" }, make("span", { className: "player" }, avatar(player), name)),
      make("td", { className: "number reached" }, POINTS.format(score.points)),
      make("td", { className: "hint" }, time(at, dateOf(at))),
    );
    row.classList.toggle("own", isOwn);
    return row;
  }

  #end() {
    this.#query?.end();
    this.#query = this.#channel = this.#game = this.#next = null;
    this.#games.clear();
    this.#best.clear();
    this.#rows.show([]);
    find("#score-game").replaceChildren();
  }
}

/** Higher points first, and of equal ones the earlier score. */
function order(one, other) {
  return other.points - one.points || one.id - other.id;
}
