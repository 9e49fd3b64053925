//go:build !purego

#include "textflag.h"

// BROADCAST fills the register with one byte.
#define BROADCAST(byte, x, y) \
	MOVL         byte, AX; \
	VMOVD        AX, x;    \
	VPBROADCASTB x, y

// MASK joins the two halves of 64 comparison results to one word in r.
#define MASK(lo, hi, r, t) \
	VPMOVMSKB lo, r;   \
	VPMOVMSKB hi, t;   \
	SHLQ      $32, t;  \
	ORQ       t, r

// func classifyAVX2(src *byte, words int, delimiter byte, separators *uint64) (newlines int, seen uint64)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-48
	MOVQ    src+0(FP), SI
	MOVQ    words+8(FP), CX
	MOVBLZX delimiter+16(FP), DX
	MOVQ    separators+24(FP), DI
	BROADCAST(DX, X0, Y0)
	BROADCAST($0x0A, X1, Y1)
	BROADCAST($0x0D, X2, Y2)
	BROADCAST($0x22, X3, Y3)
	VPCMPEQB Y4, Y4, Y4 // the least byte so far
	VPXOR    Y5, Y5, Y5 // any CR so far
	VPXOR    Y6, Y6, Y6 // any quote so far
	XORQ     R12, R12
	TESTQ    CX, CX
	JZ       done

loop:
	VMOVDQU  (SI), Y8
	VMOVDQU  32(SI), Y9
	VPMINUB  Y8, Y4, Y4
	VPMINUB  Y9, Y4, Y4
	VPCMPEQB Y8, Y1, Y10
	VPCMPEQB Y9, Y1, Y11
	VPCMPEQB Y8, Y0, Y12
	VPCMPEQB Y9, Y0, Y13
	VPOR     Y10, Y12, Y12
	VPOR     Y11, Y13, Y13
	MASK(Y10, Y11, R8, R9)
	MASK(Y12, Y13, R10, R11)
	POPCNTQ  R8, R8
	ADDQ     R8, R12
	MOVQ     R10, (DI)
	VPCMPEQB Y8, Y2, Y14
	VPCMPEQB Y9, Y2, Y15
	VPOR     Y14, Y5, Y5
	VPOR     Y15, Y5, Y5
	VPCMPEQB Y8, Y3, Y14
	VPCMPEQB Y9, Y3, Y15
	VPOR     Y14, Y6, Y6
	VPOR     Y15, Y6, Y6
	ADDQ     $64, SI
	ADDQ     $8, DI
	DECQ     CX
	JNZ      loop

done:
	VPXOR     Y7, Y7, Y7
	VPCMPEQB  Y4, Y7, Y4
	VPMOVMSKB Y4, R8
	VPMOVMSKB Y5, R9
	VPMOVMSKB Y6, R10
	XORQ      AX, AX
	TESTL     R8, R8
	SETNE     AX
	XORQ      BX, BX
	TESTL     R9, R9
	SETNE     BX
	SHLQ      $1, BX
	ORQ       BX, AX
	XORQ      BX, BX
	TESTL     R10, R10
	SETNE     BX
	SHLQ      $2, BX
	ORQ       BX, AX
	VZEROUPPER
	MOVQ      R12, newlines+32(FP)
	MOVQ      AX, seen+40(FP)
	RET

// func classifyQuotedAVX2(src *byte, words int, delimiter byte, masks *quotedMasks)
TEXT ·classifyQuotedAVX2(SB), NOSPLIT, $0-32
	MOVQ    src+0(FP), SI
	MOVQ    words+8(FP), CX
	MOVBLZX delimiter+16(FP), DX
	MOVQ    masks+24(FP), DI
	BROADCAST(DX, X0, Y0)
	BROADCAST($0x0A, X1, Y1)
	BROADCAST($0x0D, X2, Y2)
	BROADCAST($0x22, X3, Y3)
	TESTQ   CX, CX
	JZ      quotedDone

quotedLoop:
	VMOVDQU  (SI), Y8
	VMOVDQU  32(SI), Y9
	VPCMPEQB Y8, Y0, Y10
	VPCMPEQB Y9, Y0, Y11
	MASK(Y10, Y11, R8, R9)
	MOVQ     R8, (DI)
	VPCMPEQB Y8, Y1, Y10
	VPCMPEQB Y9, Y1, Y11
	MASK(Y10, Y11, R8, R9)
	MOVQ     R8, 8(DI)
	VPCMPEQB Y8, Y2, Y10
	VPCMPEQB Y9, Y2, Y11
	MASK(Y10, Y11, R8, R9)
	MOVQ     R8, 16(DI)
	VPCMPEQB Y8, Y3, Y10
	VPCMPEQB Y9, Y3, Y11
	MASK(Y10, Y11, R8, R9)
	MOVQ     R8, 24(DI)
	ADDQ     $64, SI
	ADDQ     $32, DI
	DECQ     CX
	JNZ      quotedLoop

quotedDone:
	VZEROUPPER
	RET

// func flattenBMI(dst *uint32, masks *uint64, words int) (n int)
//
// Six positions are written for every word, and six more if there are more
// than six, whatever they are: the branches are then nearly always foreseen.
#define POSITION(i) \
	TZCNTQ AX, R9;            \
	ADDL   R8, R9;            \
	MOVL   R9, (i*4)(DI)(DX*4); \
	BLSRQ  AX, AX

TEXT ·flattenBMI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ masks+8(FP), SI
	MOVQ words+16(FP), CX
	XORQ DX, DX // positions written
	XORL R8, R8 // position of the word
	TESTQ CX, CX
	JZ   flattened

word:
	MOVQ    (SI), AX
	POPCNTQ AX, R10
	POSITION(0)
	POSITION(1)
	POSITION(2)
	POSITION(3)
	POSITION(4)
	POSITION(5)
	CMPQ R10, $6
	JLE  next
	POSITION(6)
	POSITION(7)
	POSITION(8)
	POSITION(9)
	POSITION(10)
	POSITION(11)
	CMPQ R10, $12
	JLE  next
	LEAQ 12(DX), R11

more:
	TZCNTQ AX, R9
	ADDL   R8, R9
	MOVL   R9, (DI)(R11*4)
	INCQ   R11
	BLSRQ  AX, AX
	JNZ    more

next:
	ADDQ R10, DX
	ADDQ $8, SI
	ADDL $64, R8
	DECQ CX
	JNZ  word

flattened:
	MOVQ DX, n+24(FP)
	RET
