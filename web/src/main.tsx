// Creates the store and the socket, mounts the page; nothing else.
import { effect } from "@preact/signals";
import { render } from "preact";
import "./style.css";
import { Alerts } from "./state/alerts";
import { kiosk } from "./state/page";
import { Store } from "./state/store";
import { AppContext } from "./ui/context";
import { Shell } from "./ui/shell";

const kMaxHz = kiosk ? 5 : 20;

const url = new URL("api/v1/live", location.href);
url.protocol = url.protocol.replace("http", "ws");
url.search = url.hash = "";
const store = new Store(url.href, kMaxHz);
const alerts = new Alerts(store);
effect(() => {
  void store.frames.value;
  alerts.changed();
});
render(<AppContext.Provider value={{ store, alerts }}><Shell /></AppContext.Provider>, document.getElementById("app") ?? document.body);
store.socket.start();
