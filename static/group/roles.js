/** The roles in a group, the lowest first. */

export const ROLES = ["member", "moderator", "owner"];

/** Whether one role is above another. */
export const outranks = (role, other) => ROLES.indexOf(role) > ROLES.indexOf(other);
