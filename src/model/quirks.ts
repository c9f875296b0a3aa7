/**
 * Quirks: switches that make the model predict how an implementation is known to deviate from its contract.
 *
 * Each has an entry of the same name in `fixtures/divergences/`, with evidence, analysis and the profiles it holds for.
 * Without a quirk the model predicts the contract.
 */

/** Every quirk, with the rule it bends. */
export const quirks = {
  "shadow-by-rpcit":
    "DMA is translated by a copy of the table that only RPCIT fills and that registering the IOAT empties",
  "blocked-dma-silent": "DMA of a function without a registered IOAT vanishes without an error event",
  "dma-above-aperture-silent": "DMA above the registered aperture vanishes without an error event",
  "aperture-top-offered":
    "An IOAS attached while the function is blocked offers, and maps, IOVAs above the registered aperture",
  "write-only-readable": "A mapping without read permission can be read by the device",
  "refused-read-gives-zeros": "A DMA read that is refused gives the device zeros, which it takes for data",
  "examined-function-raises-again":
    "A DMA refused again while the kernel examines the function has it reset after it has recovered",
  "reset-stops-at-zpci": "A zPCI reset does not reach the device behind the function, which goes on as it was",
  "power-state-resets-nothing": "A device that is reset by way of D3hot goes on as it was",
  "death-goes-unheard": "The host is not told that the server behind a function has vanished",
  "rescan-loses-slot-reset":
    "A function that is scanned anew by its slot or by recover has no reset by its slot any more, which most have nothing but",
  "reports-wait-for-user":
    "While VFIO's user holds a function that is wanted back, the kernel hears of no function's error events",
  "lists-flush-at-once": "In lazy mode a transfer of more than one segment is flushed by itself, as in strict mode",
  "flush-lost-in-error-state":
    "What is unmapped while a function is in the error state stays in reach of it when it is back",
  "flush-without-table-is-an-error":
    "A flush of a function that has no table registered puts it into the error state, with an error event",
  "refused-flush-leaves-page":
    "What is unmapped stays in reach of a function whose flush the platform refuses, and the unmap succeeds",
  "refused-unregister-keeps-table":
    "A function whose table the platform does not unregister counts as blocked, goes on with its DMA and cannot be attached",
  "failed-replace-blocks": "A replace that fails leaves the function blocked, attached in name only",
  "failed-replace-drops-reservations":
    "A replace within an IOAS that fails takes back what is reserved there on behalf of the function",
  "reset-restores-ones":
    "A reset of a function whose configuration space is out of reach restores it with ones, which let the function do DMA",
  "open-leaves-registers-out-of-reach":
    "A function that was out of reach when it was opened counts as switched off, and its registers cannot be had until the next reset",
  "reset-returns-condition-code":
    "A reset that ends with the table not registered returns the condition code in place of an errno",
  "busy-registration-sleeps-in-atomic":
    "A reset whose table is not registered at once, because the function is busy, sleeps under a spinlock, and the kernel says so",
  "failed-power-off-loses-function": "A power-off that fails has taken the function from the PCI core all the same",
  "map-error-of-others-lost":
    "A mapping that one function of a domain could not be told of succeeds where the function told last could be",
  "table-types-by-number":
    "Whether a function may have a greater table is looked up by the type's number, not by the type's bit of the mask",
  "short-table-for-distant-start":
    "A function whose DMA begins beyond a region-third table gets one all the same, cannot be attached to it, and has no IOMMU group",
  "error-stops-guest":
    "A DMA of a passed-through function that the host refuses stops its guest, which is told of no error event",
  "last-entry-refused":
    "The mapping that takes the last entry which a host allows its guest is refused, and taken back",
  "entries-lost-with-table":
    "Entries that go with their table stay counted, and the guest can never map so many pages again",
  "replace-across-drivers":
    "A replace hands a device to another IOMMU driver's domain, and that driver takes it for one of its own",
  "pasid-zero-attaches-device":
    "Attaching PASID 0 of a function attaches the function itself, of which VFIO then knows nothing",
  "flr-waits-in-error-state": "A function level reset of a function that is out of reach waits for a minute",
  "last-page-refused": "The last page of the aperture is offered to a container and cannot be mapped",
  "failed-map-leaves-page":
    "A page of a mapping that one function of the container could not be told of stays in reach of those that were told before",
  "refused-flush-ends-unmap":
    "An unmap that one function refuses leaves the others untold and the page pinned, and the kernel warns",
  "unwritable-answer-detaches":
    "An attach whose answer cannot be written detaches the function from what it was attached to before",
} as const;

/** The name of a quirk. */
export type QuirkName = keyof typeof quirks;

/** Every quirk's name. */
export const quirkNames = Object.keys(quirks) as QuirkName[];
