//go:build !purego

#include "textflag.h"

// The AVX2 kernel. Its registers: SI source, CX words left, DI destination,
// DX places written, R8 place of the word.

// BROADCAST fills the register with one byte.
#define BROADCAST(byte, x, y) \
	MOVL         byte, AX; \
	VMOVD        AX, x;    \
	VPBROADCASTB x, y

// EQUAL sets the bits of r where the 64 bytes of Y8 and Y9 are those of what.
#define EQUAL(what, r, t) \
	VPCMPEQB  Y8, what, Y10; \
	VPCMPEQB  Y9, what, Y11; \
	VPMOVMSKB Y10, r;        \
	VPMOVMSKB Y11, t;        \
	SHLQ      $32, t;        \
	ORQ       t, r

// FLATTEN writes the places of the bits of AX. Six are written for every word,
// and six more if there are more than six, whatever they are: the branches are
// then nearly always foreseen. It needs R9, R10 and R11.
#define PLACE(i) \
	TZCNTQ AX, R9;              \
	ADDL   R8, R9;              \
	MOVL   R9, (i*4)(DI)(DX*4); \
	BLSRQ  AX, AX

#define FLATTEN(more, next) \
	POPCNTQ AX, R10;        \
	PLACE(0);               \
	PLACE(1);               \
	PLACE(2);               \
	PLACE(3);               \
	PLACE(4);               \
	PLACE(5);               \
	CMPQ    R10, $6;        \
	JLE     next;           \
	PLACE(6);               \
	PLACE(7);               \
	PLACE(8);               \
	PLACE(9);               \
	PLACE(10);              \
	PLACE(11);              \
	CMPQ    R10, $12;       \
	JLE     next;           \
	LEAQ    12(DX), R11;    \
more:                       \
	TZCNTQ  AX, R9;         \
	ADDL    R8, R9;         \
	MOVL    R9, (DI)(R11*4); \
	INCQ    R11;            \
	BLSRQ   AX, AX;         \
	JNZ     more;           \
next:                       \
	ADDQ    R10, DX;        \
	ADDL    $64, R8

// special is looked up by a byte's low half: what is there equals the byte if
// it is NUL, CR or a quote. 0x80 equals none, for bytes above 0x7F look up 0.
DATA special<>+0(SB)/8, $0x8080808080228000
DATA special<>+8(SB)/8, $0x80800D8080808080
GLOBL special<>(SB), NOPTR|RODATA, $16

// func indexAVX2(src *byte, words int, delimiter byte, places *uint32) (n, newlines, special int)
TEXT ·indexAVX2(SB), NOSPLIT, $0-56
	MOVQ           src+0(FP), SI
	MOVQ           words+8(FP), CX
	MOVBLZX        delimiter+16(FP), DX
	MOVQ           places+24(FP), DI
	BROADCAST(DX, X0, Y0)
	BROADCAST($0x0A, X1, Y1)
	VBROADCASTI128 special<>(SB), Y2
	VPXOR          Y3, Y3, Y3 // any special so far
	XORQ           DX, DX
	XORL           R8, R8
	XORQ           R12, R12   // newlines

indexWord:
	VMOVDQU  (SI), Y8
	VMOVDQU  32(SI), Y9
	VPSHUFB  Y8, Y2, Y12
	VPSHUFB  Y9, Y2, Y13
	VPCMPEQB Y8, Y12, Y12
	VPCMPEQB Y9, Y13, Y13
	VPOR     Y12, Y3, Y3
	VPOR     Y13, Y3, Y3
	EQUAL(Y1, R13, R9)
	EQUAL(Y0, AX, R9)
	ORQ      R13, AX
	POPCNTQ  R13, R13
	ADDQ     R13, R12
	FLATTEN(indexMore, indexNext)
	ADDQ     $64, SI
	DECQ     CX
	JNZ      indexWord

	VPMOVMSKB Y3, AX
	VZEROUPPER
	MOVQ      DX, n+32(FP)
	MOVQ      R12, newlines+40(FP)
	MOVQ      AX, special+48(FP)
	RET

// func maskAVX2(src *byte, words int, delimiter byte, masks *quotedMasks) (nul int)
//
// The parity of the quotes is a carry-less product with all bits set.
TEXT ·maskAVX2(SB), NOSPLIT, $0-40
	MOVQ    src+0(FP), SI
	MOVQ    words+8(FP), CX
	MOVBLZX delimiter+16(FP), DX
	MOVQ    masks+24(FP), DI
	BROADCAST(DX, X0, Y0)
	BROADCAST($0x0A, X1, Y1)
	BROADCAST($0x0D, X2, Y2)
	BROADCAST($0x22, X3, Y3)
	VPCMPEQB Y4, Y4, Y4 // all bits
	VPCMPEQB Y5, Y5, Y5 // the least byte so far

maskWord:
	VMOVDQU (SI), Y8
	VMOVDQU 32(SI), Y9
	VPMINUB Y8, Y5, Y5
	VPMINUB Y9, Y5, Y5
	EQUAL(Y0, R8, R9)
	MOVQ    R8, (DI)
	EQUAL(Y1, R8, R9)
	MOVQ    R8, 8(DI)
	EQUAL(Y2, R8, R9)
	MOVQ    R8, 16(DI)
	EQUAL(Y3, R8, R9)
	MOVQ    R8, 24(DI)
	VMOVQ   R8, X10
	VPCLMULQDQ $0, X4, X10, X10
	VMOVQ   X10, 32(DI)
	ADDQ    $64, SI
	ADDQ    $40, DI
	DECQ    CX
	JNZ     maskWord

	VPXOR     Y6, Y6, Y6
	VPCMPEQB  Y6, Y5, Y5
	VPMOVMSKB Y5, AX
	VZEROUPPER
	MOVQ      AX, nul+32(FP)
	RET

// func flattenBMI(places *uint32, masks *uint64, words int) (n int)
TEXT ·flattenBMI(SB), NOSPLIT, $0-32
	MOVQ places+0(FP), DI
	MOVQ masks+8(FP), SI
	MOVQ words+16(FP), CX
	XORQ DX, DX
	XORL R8, R8

flattenWord:
	MOVQ (SI), AX
	FLATTEN(flattenMore, flattenNext)
	ADDQ $8, SI
	DECQ CX
	JNZ  flattenWord

	MOVQ DX, n+24(FP)
	RET
