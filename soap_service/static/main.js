// What every page does. Pages work without it, except that calls do not pop up.

import { uploadWithoutLeaving } from "./administration/uploading.js";
import { dropNoticeFromAddress } from "./page/address.js";
import { copyByButton } from "./page/copying.js";
import { openDialogsByLink } from "./page/dialogs.js";
import { workByKeys } from "./page/keys.js";
import { page } from "./page/page.js";
import { revealDocuments } from "./page/revealing.js";
import { watchTyping } from "./page/typing.js";
import { countChosenRows } from "./requests/choosing.js";
import { keepDrafts } from "./requests/drafts.js";
import { offerAlarm } from "./calls/alarm.js";
import { popUpCalls } from "./calls/popups.js";
import { markOwnPage } from "./calls/seen.js";
import { showAttendance } from "./live/attendance.js";
import { showConnection } from "./live/connection.js";
import { watchExpiry } from "./live/expiry.js";
import { followLists } from "./live/lists.js";
import { watchLogin } from "./live/login.js";
import { followRequest } from "./live/request_news.js";
import { followStream } from "./live/stream.js";
import { followTabs } from "./live/tabs.js";

dropNoticeFromAddress();
openDialogsByLink();
copyByButton();
revealDocuments();
uploadWithoutLeaving();
workByKeys();
countChosenRows();
watchTyping();
keepDrafts();
offerAlarm();
if (page.formToken) markOwnPage();
if (page.formToken) watchExpiry();
if (page.formToken) followEvents();

function followEvents() {
  showConnection();
  showAttendance();
  watchLogin();
  popUpCalls();
  followLists();
  followRequest();
  followTabs();
  followStream();
}
