// The worker of ticks.js: a browser does not slow it down with its hidden page.
setInterval(() => postMessage(null), 5000);
