/** The dialogs of the board that are loaded after it is shown, and the buttons that open them. */

import { onClick } from "./page/dialogs.js";
import { LaterDialog } from "./page/later_dialog.js";

/**
 * @param {import("./page/context.js").Context} context
 * @param {import("./lists/channels.js").Channels} parts.channels
 * @param {import("./group/moderation.js").Moderation} parts.moderation
 * @param {import("./group/reports.js").Reports} parts.reports
 * @param {(channelId: number) => Promise<string>} parts.nameOf
 */
export function boardDialogs(context, { channels, moderation, reports, nameOf }) {
  const channel = new LaterDialog(async () => {
    const { ChannelDialog } = await import("./lists/channel_dialog.js");
    return new ChannelDialog(context);
  });
  const group = new LaterDialog(async () => {
    const { GroupDialog } = await import("./group/group_dialog.js");
    return new GroupDialog(context);
  });
  const members = new LaterDialog(async () => {
    const { MembersDialog } = await import("./group/members_dialog.js");
    return new MembersDialog(context, moderation);
  });
  const record = new LaterDialog(async () => {
    const { RecordDialog } = await import("./group/record_dialog.js");
    return new RecordDialog(context, channels);
  });
  const reported = new LaterDialog(async () => {
    const { ReportsDialog } = await import("./group/reports_dialog.js");
    return new ReportsDialog(context, reports, nameOf);
  });
  const scores = new LaterDialog(async () => {
    const { Scores } = await import("./scores.js");
    return new Scores(context);
  });
  onClick("#new-channel", () => channel.open(context.group));
  onClick("#channel-settings", () => channel.open(context.group, context.channel));
  onClick("#open-group", () => group.open());
  onClick("#members", () => members.open());
  onClick("#open-record", () => record.open());
  onClick("#open-reports", () => reported.open());
  onClick("#open-scores", () => scores.open());
  return { channel, group, members, scores };
}
