import { useEffect, useState, useSyncExternalStore } from "react";
import { LocalMedia, type LocalMediaState } from "../media/local/localMedia.ts";

/** The own devices for as long as the component is shown. `wanted` false leaves them alone. */
export function useLocalMedia(wanted: boolean): LocalMedia {
  const [local] = useState(
    () => new LocalMedia({ devices: navigator.mediaDevices, storage: storageOf() }),
  );
  useEffect(() => {
    if (!wanted) return;
    void local.start();
    return () => local.close();
  }, [local, wanted]);
  return local;
}

export function useLocalState(local: LocalMedia): LocalMediaState {
  return useSyncExternalStore(local.subscribe, local.get);
}

/** Pages may be refused their storage. */
function storageOf(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
