// The list of keys, the name that acknowledgements are made under, and the way to be somebody else.
import { useEffect, useRef } from "preact/hooks";
import { setToken, token } from "../api/token";
import { helpOpen, operator } from "../state/page";
import { Icon } from "./icons";
import { kKeys } from "./keyboard";

export function HelpDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  const close = (): void => void (helpOpen.value = false);
  const forget = (): void => {
    setToken("", false);
    location.reload();
  };
  return (
    <dialog ref={dialog} class="keys-dialog" aria-labelledby="help-title" onClose={close} onClick={(e) => e.target === dialog.current && close()}>
      <div class="sheet">
        <header>
          <h2 id="help-title">Keys</h2>
          <button type="button" class="tool" onClick={close}><Icon name="close" /> Close</button>
        </header>
        <dl class="facts">{kKeys.map(([key, what]) => <><dt><kbd>{key}</kbd></dt><dd>{what}</dd></>)}</dl>
        <label class="your-name">Your name, for acknowledgements
          <input type="text" value={operator.value} placeholder="operator" onInput={(e) => (operator.value = e.currentTarget.value.slice(0, 60))} />
        </label>
        {token() && <button type="button" class="tool forget" onClick={forget}>Forget the token of this page</button>}
        <p class="note">A wallboard is this page with <code>?kiosk=1&amp;rotate=30s</code> in the address.</p>
      </div>
    </dialog>
  );
}
