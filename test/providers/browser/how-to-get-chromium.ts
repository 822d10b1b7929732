export const chromiumVariable = 'MEETGEN_TEST_CHROMIUM';

/** Searched for on the PATH in this order. */
export const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const;

export const howToGetChromium = `Install Chromium or Chrome (${chromiumNames[0]} or ${chromiumNames[2]} on the PATH), or set ${chromiumVariable} to its program.`;
