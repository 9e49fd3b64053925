//go:build !purego

#include "textflag.h"

// The AVX-512 kernel: a comparison gives a mask at once, and VPCOMPRESSB makes
// places of a mask. Registers as in the AVX2 kernel.

// BROADCAST fills the register with one byte.
#define BROADCAST(byte, z) \
	MOVL         byte, AX; \
	VPBROADCASTB AX, z

// PLACES has Z30 count from 0 to 63 and Z31 hold the word's place.
#define PLACES \
	VMOVDQU64 bytes<>(SB), Z30; \
	VPXORQ    Z31, Z31, Z31;    \
	MOVL      $64, AX;          \
	VPBROADCASTD AX, Z29

// FLATTEN writes the places of the bits of K1, of which there are R9: sixteen
// of them, and the others if there are more. It needs Z10 and Z11.
#define FLATTEN(next) \
	VPCOMPRESSB.Z  Z30, K1, Z10;        \
	VPMOVZXBD      X10, Z11;            \
	VPADDD         Z31, Z11, Z11;       \
	VMOVDQU32      Z11, (DI)(DX*4);     \
	CMPQ           R9, $16;             \
	JLE            next;                \
	VEXTRACTI32X4  $1, Z10, X11;        \
	VPMOVZXBD      X11, Z11;            \
	VPADDD         Z31, Z11, Z11;       \
	VMOVDQU32      Z11, 64(DI)(DX*4);   \
	VEXTRACTI32X4  $2, Z10, X11;        \
	VPMOVZXBD      X11, Z11;            \
	VPADDD         Z31, Z11, Z11;       \
	VMOVDQU32      Z11, 128(DI)(DX*4);  \
	VEXTRACTI32X4  $3, Z10, X11;        \
	VPMOVZXBD      X11, Z11;            \
	VPADDD         Z31, Z11, Z11;       \
	VMOVDQU32      Z11, 192(DI)(DX*4);  \
next:                                   \
	ADDQ           R9, DX;              \
	VPADDD         Z29, Z31, Z31

DATA bytes<>+0(SB)/8, $0x0706050403020100
DATA bytes<>+8(SB)/8, $0x0F0E0D0C0B0A0908
DATA bytes<>+16(SB)/8, $0x1716151413121110
DATA bytes<>+24(SB)/8, $0x1F1E1D1C1B1A1918
DATA bytes<>+32(SB)/8, $0x2726252423222120
DATA bytes<>+40(SB)/8, $0x2F2E2D2C2B2A2928
DATA bytes<>+48(SB)/8, $0x3736353433323130
DATA bytes<>+56(SB)/8, $0x3F3E3D3C3B3A3938
GLOBL bytes<>(SB), NOPTR|RODATA, $64

// As in the AVX2 kernel.
DATA special<>+0(SB)/8, $0x8080808080228000
DATA special<>+8(SB)/8, $0x80800D8080808080
GLOBL special<>(SB), NOPTR|RODATA, $16

// func indexAVX512(src *byte, words int, delimiter byte, places *uint32) (n, newlines, special int)
TEXT ·indexAVX512(SB), NOSPLIT, $0-56
	MOVQ            src+0(FP), SI
	MOVQ            words+8(FP), CX
	MOVBLZX         delimiter+16(FP), DX
	MOVQ            places+24(FP), DI
	BROADCAST(DX, Z0)
	BROADCAST($0x0A, Z1)
	VBROADCASTI32X4 special<>(SB), Z2
	PLACES
	KXORQ           K4, K4, K4 // any special so far
	XORQ            DX, DX
	XORQ            R12, R12   // newlines

indexWord:
	VMOVDQU64 (SI), Z8
	VPCMPEQB  Z8, Z1, K2
	VPCMPEQB  Z8, Z0, K1
	VPSHUFB   Z8, Z2, Z9
	VPCMPEQB  Z8, Z9, K3
	KORQ      K3, K4, K4
	KORQ      K2, K1, K1
	KMOVQ     K2, R8
	POPCNTQ   R8, R8
	ADDQ      R8, R12
	KMOVQ     K1, R9
	POPCNTQ   R9, R9
	FLATTEN(indexNext)
	ADDQ      $64, SI
	DECQ      CX
	JNZ       indexWord

	KMOVQ K4, AX
	VZEROUPPER
	MOVQ  DX, n+32(FP)
	MOVQ  R12, newlines+40(FP)
	MOVQ  AX, special+48(FP)
	RET

// func maskAVX512(src *byte, words int, delimiter byte, masks *quotedMasks) (nul int)
TEXT ·maskAVX512(SB), NOSPLIT, $0-40
	MOVQ    src+0(FP), SI
	MOVQ    words+8(FP), CX
	MOVBLZX delimiter+16(FP), DX
	MOVQ    masks+24(FP), DI
	BROADCAST(DX, Z0)
	BROADCAST($0x0A, Z1)
	BROADCAST($0x0D, Z2)
	BROADCAST($0x22, Z3)
	VPTERNLOGQ $0xFF, Z4, Z4, Z4 // all bits
	KXORQ      K6, K6, K6        // any NUL so far

maskWord:
	VMOVDQU64 (SI), Z8
	VPCMPEQB  Z8, Z0, K1
	VPCMPEQB  Z8, Z1, K2
	VPCMPEQB  Z8, Z2, K3
	VPCMPEQB  Z8, Z3, K4
	VPTESTNMB Z8, Z8, K5
	KORQ      K5, K6, K6
	KMOVQ     K1, (DI)
	KMOVQ     K2, 8(DI)
	KMOVQ     K3, 16(DI)
	KMOVQ     K4, 24(DI)
	KMOVQ     K4, R8
	VMOVQ     R8, X9
	VPCLMULQDQ $0, X4, X9, X9
	VMOVQ     X9, 32(DI)
	ADDQ      $64, SI
	ADDQ      $40, DI
	DECQ      CX
	JNZ       maskWord

	KMOVQ K6, AX
	VZEROUPPER
	MOVQ  AX, nul+32(FP)
	RET

// func flattenAVX512(places *uint32, masks *uint64, words int) (n int)
TEXT ·flattenAVX512(SB), NOSPLIT, $0-32
	MOVQ places+0(FP), DI
	MOVQ masks+8(FP), SI
	MOVQ words+16(FP), CX
	PLACES
	XORQ DX, DX

flattenWord:
	KMOVQ   (SI), K1
	POPCNTQ (SI), R9
	FLATTEN(flattenNext)
	ADDQ    $8, SI
	DECQ    CX
	JNZ     flattenWord

	VZEROUPPER
	MOVQ DX, n+24(FP)
	RET
