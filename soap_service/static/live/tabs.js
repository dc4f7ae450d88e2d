// The tabs of one log-in in one browser, which tell each other what happens.

import { page } from "../page/page.js";
import { dispatch } from "./events.js";

/** Pages of another log-in have other channels and locks; the name is known to this site's pages alone. */
export const loginName = `soap-service ${page.formToken}`;

const channel = "BroadcastChannel" in window ? new BroadcastChannel(loginName) : null;

export function followTabs() {
  if (channel) channel.onmessage = ({ data }) => dispatch(data);
}

export function publishToOtherTabs(event) {
  if (channel) channel.postMessage(event);
}

/** Gives an event to every tab, this one included. */
export function publish(event) {
  publishToOtherTabs(event);
  dispatch(event);
}
