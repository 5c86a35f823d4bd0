// The store and the alerts, for every component below the shell.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Alerts } from "../state/alerts";
import type { Store } from "../state/store";

export interface App { store: Store; alerts: Alerts }
export const AppContext = createContext<App | null>(null);

function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("no AppContext above this component");
  return app;
}
export function useStore(): Store {
  return useApp().store;
}
export function useAlerts(): Alerts {
  return useApp().alerts;
}
