import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";
import type { ApiError } from "./apiError.ts";
import type { ApiClient, Connection } from "./client.ts";
import { LiveClient, type LiveClientOptions } from "./liveClient.ts";

const ConnectionContext = createContext<Connection | undefined>(undefined);

export interface ConnectedProps {
  connection: Connection;
  children: ReactNode;
}

/** What is in it works with this connection. */
export function Connected({ connection, children }: ConnectedProps) {
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

/** A connection for as long as the component is shown; undefined before it is. */
export function useLiveClient({
  baseUrl,
  credentials,
  onRefused,
}: LiveClientOptions): LiveClient | undefined {
  const [client, setClient] = useState<LiveClient>();
  useEffect(() => {
    const opened = new LiveClient({ baseUrl, credentials, onRefused });
    setClient(opened);
    return () => {
      setClient(undefined);
      opened.close();
    };
  }, [baseUrl, credentials, onRefused]);
  return client;
}

/** The connection of who is signed in. */
export function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (connection === undefined) throw new Error("There is no connection around this component");
  return connection;
}

export function useApi(): ApiClient {
  return useConnection();
}

/** Why the server cannot be asked now; undefined while it can. */
export function useOutage(): ApiError | undefined {
  const { outage } = useConnection();
  return useSyncExternalStore(outage.subscribe, outage.get);
}
