/** Handles of functions. */

/**
 * Bit of a handle that says that its function is enabled: one that is disabled has the same handle without it.
 * Source: arch/s390/include/asm/pci.h, zdev_enabled (`FH_MASK_ENABLE` of QEMU's hw/s390x/s390-pci-bus.h).
 */
export const enabledBit = 1n << 31n;
