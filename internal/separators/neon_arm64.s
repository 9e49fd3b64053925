//go:build !purego

#include "textflag.h"

// The NEON kernel. Its registers: R0 source, R1 words left, R3 destination,
// V0 to V3 the word.

// BITS makes the bits of 64 bytes, each 0 or 0xFF, of what VAND left of each: its own
// bit of eight. Adding neighbours three times leaves them side by side, as
// simdjson has it (Langdale and Lemire, Parsing Gigabytes of JSON per Second, 2019).
#define BITS(a, b, c, d, r) \
	VAND  V18.B16, a.B16, a.B16; \
	VAND  V18.B16, b.B16, b.B16; \
	VAND  V18.B16, c.B16, c.B16; \
	VAND  V18.B16, d.B16, d.B16; \
	VADDP b.B16, a.B16, a.B16;   \
	VADDP d.B16, c.B16, c.B16;   \
	VADDP c.B16, a.B16, a.B16;   \
	VADDP a.B16, a.B16, a.B16;   \
	VMOV  a.D[0], r

// EQUAL sets the bytes of a to d where those of the word are those of what.
#define EQUAL(what, a, b, c, d) \
	VCMEQ what.B16, V0.B16, a.B16; \
	VCMEQ what.B16, V1.B16, b.B16; \
	VCMEQ what.B16, V2.B16, c.B16; \
	VCMEQ what.B16, V3.B16, d.B16

// SPECIAL sets bytes of V21 where those of v are NUL, CR or a quote: what their low half
// is looked up as in V20 is then themselves.
#define SPECIAL(v) \
	VAND  V19.B16, v.B16, V4.B16;    \
	VTBL  V4.B16, [V20.B16], V4.B16; \
	VCMEQ v.B16, V4.B16, V4.B16;     \
	VORR  V4.B16, V21.B16, V21.B16

#define CONSTANTS \
	VDUP R2, V16.B16;              \
	MOVD $0x0A, R4;                \
	VDUP R4, V17.B16;              \
	MOVD $0x8040201008040201, R4;  \
	VDUP R4, V18.D2

// func separatorsNEON(src *byte, words int, delimiter byte, masks *uint64) (newlines, special int)
TEXT ·separatorsNEON(SB), NOSPLIT, $0-48
	MOVD  src+0(FP), R0
	MOVD  words+8(FP), R1
	MOVBU delimiter+16(FP), R2
	MOVD  masks+24(FP), R3
	CONSTANTS
	MOVD  $0x0F, R4
	VDUP  R4, V19.B16
	MOVD  $0x8080808080228000, R4
	VMOV  R4, V20.D[0]
	MOVD  $0x80800D8080808080, R4
	VMOV  R4, V20.D[1]
	VEOR  V21.B16, V21.B16, V21.B16
	VEOR  V22.B16, V22.B16, V22.B16
	MOVD  $0, R5                    // newlines

separatorsWord:
	VLD1.P  64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	SPECIAL(V0)
	SPECIAL(V1)
	SPECIAL(V2)
	SPECIAL(V3)
	EQUAL(V17, V4, V5, V6, V7)
	VADD    V4.B16, V5.B16, V8.B16
	VADD    V6.B16, V7.B16, V9.B16
	VADD    V8.B16, V9.B16, V8.B16
	VSUB    V8.B16, V22.B16, V8.B16 // each newline was -1
	VUADDLV V8.B16, V8
	VMOV    V8.H[0], R6
	ADD     R6, R5
	EQUAL(V16, V8, V9, V10, V11)
	VORR    V4.B16, V8.B16, V8.B16
	VORR    V5.B16, V9.B16, V9.B16
	VORR    V6.B16, V10.B16, V10.B16
	VORR    V7.B16, V11.B16, V11.B16
	BITS(V8, V9, V10, V11, R6)
	MOVD.P  R6, 8(R3)
	SUBS    $1, R1
	BNE     separatorsWord

	VMOV V21.D[0], R6
	VMOV V21.D[1], R7
	ORR  R6, R7
	MOVD R5, newlines+32(FP)
	MOVD R7, special+40(FP)
	RET

// func maskNEON(src *byte, words int, delimiter byte, masks *masks64) (nul int)
//
// It leaves masks64.odd as it is.
TEXT ·maskNEON(SB), NOSPLIT, $0-40
	MOVD  src+0(FP), R0
	MOVD  words+8(FP), R1
	MOVBU delimiter+16(FP), R2
	MOVD  masks+24(FP), R3
	CONSTANTS
	MOVD  $0x0D, R4
	VDUP  R4, V19.B16
	MOVD  $0x22, R4
	VDUP  R4, V20.B16
	VEOR  V21.B16, V21.B16, V21.B16 // any NUL so far
	VEOR  V22.B16, V22.B16, V22.B16

maskWord:
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	EQUAL(V22, V4, V5, V6, V7)
	VORR   V4.B16, V5.B16, V4.B16
	VORR   V6.B16, V7.B16, V6.B16
	VORR   V4.B16, V21.B16, V21.B16
	VORR   V6.B16, V21.B16, V21.B16
	EQUAL(V16, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R6)
	MOVD   R6, (R3)
	EQUAL(V17, V8, V9, V10, V11)
	BITS(V8, V9, V10, V11, R6)
	MOVD   R6, 8(R3)
	EQUAL(V19, V4, V5, V6, V7)
	BITS(V4, V5, V6, V7, R6)
	MOVD   R6, 16(R3)
	EQUAL(V20, V8, V9, V10, V11)
	BITS(V8, V9, V10, V11, R6)
	MOVD   R6, 24(R3)
	ADD    $40, R3
	SUBS   $1, R1
	BNE    maskWord

	VMOV V21.D[0], R6
	VMOV V21.D[1], R7
	ORR  R6, R7
	MOVD R7, nul+32(FP)
	RET
