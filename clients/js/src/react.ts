/** `jppnet/react`: a photo's analysis as a hook. */
import { useEffect, useState } from "react";

import type { AnalysisOptions, Analyzer } from "./analyzer.js";
import type { AnalyzeAnswer } from "./types.js";

export type { AnalysisOptions, Analyzer } from "./analyzer.js";

export interface AnalysisState {
  /** The answer to the photo; undefined until it is there. */
  answer: AnalyzeAnswer | undefined;
  /** Why there is none: a `ProblemError`, or another one. */
  error: unknown;
  /** Whether an answer is being waited for. */
  pending: boolean;
  /** An address for `<img src>` that shows the photo; it is revoked when the photo changes or the component goes. */
  url: string | undefined;
}

const NOTHING: AnalysisState = { answer: undefined, error: undefined, pending: false, url: undefined };

/**
 * Analyses a photo, and the next one when it changes: the call before it is aborted. `jppnet` is made once, outside of
 * the component.
 */
export function useAnalysis(jppnet: Analyzer, photo: Blob | null | undefined, options: AnalysisOptions = {}): AnalysisState {
  const [state, setState] = useState(NOTHING);
  const question = JSON.stringify(options); // the same options may be another object in each rendering
  useEffect(() => {
    if (!photo) return setState(NOTHING);
    const url = URL.createObjectURL(photo);
    const controller = new AbortController();
    const { signal } = controller;
    const begun = { ...NOTHING, pending: true, url };
    setState(begun);
    jppnet.analyze(photo, { ...(JSON.parse(question) as AnalysisOptions), signal }).then(
      (answer) => signal.aborted || setState({ ...begun, pending: false, answer }),
      (error: unknown) => signal.aborted || setState({ ...begun, pending: false, error }),
    );
    return () => {
      controller.abort();
      URL.revokeObjectURL(url);
    };
  }, [jppnet, photo, question]);
  return state;
}
