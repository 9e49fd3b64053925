package chardet

import (
	"math"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/encoding/htmlindex"
)

// eastern is what the characters of an East Asian language are by their share: those that are met
// most, those of the first level of the language's standard, and others.
type eastern struct {
	encoding string // whose characters of two bytes tell the first level
	from, to byte   // the first bytes of that
	most     string // the characters that are met most: those of texts, of names and of tables

	// Shares of all characters: common is of most, level of the others of the first level, rare of
	// further ones; narrow is of katakana of half the width, wide of ASCII of double width, hanja of
	// Han in Korean.
	common, level, rare, hiragana, katakana, narrow, wide, hanja float64

	once         sync.Once
	often, first map[rune]bool
}

var (
	chinese = &language{share: 1, east: &eastern{encoding: "gb18030", from: 0xb0, to: 0xd7, common: 0.55, level: 0.38, rare: 0.02, hiragana: 1e-4, katakana: 1e-4, narrow: 1e-6, wide: 0.05,
		most: "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严姓址编码客户订购店址街镇村乡州津沪渝苏浙皖闽赣鲁豫鄂湘粤琼川贵云陕甘宁夏疆港澳台湾深圳杭厦福沈哈尔滨武汉成都庆李刘陈杨赵黄吴徐孙胡朱郭何罗宋郑谢韩唐冯董萧程曹袁邓付曾彭吕丽伟芳娜敏静秀英强磊洋艳勇军杰娟涛超霞刚桂税费款额账户银支付购买销售库存货币元角备注邮箱手机"}}
	traditionalChinese = &language{share: 1, east: &eastern{encoding: "big5", from: 0xa4, to: 0xc6, common: 0.55, level: 0.38, rare: 0.02, hiragana: 1e-4, katakana: 1e-4, narrow: 1e-6, wide: 0.05,
		most: "的一是不我有大在人了中到資要可以這個你會好為上來學就交也用能如時文說沒他看那問生提下過請們天所多麼小想得之還電出工對都機自後子而訊站去心只家知國台很信成章何同道地發法無然但嗎當於本現年前真最和新因果定意情點題其事方清科樣些吧三此位理行作經者什謝名日正華話開實再城愛與二動比高面又車力或種像應女教分手打已次長太明己路起相主關間哪十該將東兩等部樓市區縣鄉鎮村里街號巷弄北南西高雄基隆新竹桃園苗栗彰化投雲林嘉義屏宜蘭花蓮澎湖金門馬祖香港九龍澳廣州海京台灣臺陳林黃張李王吳劉蔡楊許鄭謝郭洪曾邱廖賴徐周葉蘇莊呂江何蕭羅簡朱鍾游詹胡施沈余趙盧梁顏柯孫魏翁戴范方宋鄧杜傅侯曹薛丁馬蔣唐卓藍馮姚石董紀歐程連古汪湯姜田康姓地址話期額數量價格產品編碼客戶訂單購買銷售庫存貨幣備註郵件公司行銀付款收入支出總計合計稱元萬百千五四六七八九月份類別型式店商員部門美德英法日韓泰越水山石木火土風空氣溫度表明書報米麵茶飯魚肉菜果豆"}}
	japanese = newJapanese(0.004)
	// narrowJapanese is Japanese with katakana of half the width, of one byte each in Shift JIS.
	narrowJapanese = newJapanese(0.7)
	korean         = &language{share: 1, east: &eastern{encoding: "euc-kr", from: 0xb0, to: 0xc8, common: 0.65, level: 0.3, rare: 0.002, hiragana: 1e-5, katakana: 1e-5, narrow: 1e-6, wide: 0.01, hanja: 0.004,
		most: "이다는에의가을로하고지도사기시구동서대한인은를자일리나정아과수부전해경상주성어제원스들그보장장진있만면안라여조신울산광천우안중소오용국적유남영으비모개공화생계금연관명무선방학문미위세회교북강치품호역단김박최임윤허권황송류홍번현재민석철희숙순미영옥춘평택포항창청마목양의파주군읍면산길로층백합매출입고액량가격품목상점주소전화날짜이름고객등급결제코드단위합계총분류내용비고메일터드트르크러니데레토카타바통법력물실말반발불년월원점행열표식심복종업입출당장내외집직체추태특판편피필합형환회훈차참책처초축취층커컴크테"}}
)

func newJapanese(narrow float64) *language {
	return &language{share: 1, east: &eastern{encoding: "shift_jis", from: 0x88, to: 0x97, common: 0.35, level: 0.2, rare: 0.008, hiragana: 0.17, katakana: 0.2, narrow: narrow, wide: 0.05,
		most: "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首意法不来作性的要用制治度務強気小七成期公野協取都和統以機平総加山思家話世受区領多県続進正安設保改数記院女初北午指権心界支第産結百派点教報済書府活原先共得解名交資予川向際査勝面委告軍文反元重近千考判認画海参売利組知案道信策集在件団別物側任引使求所次水半品昨論計死官増係感特情投示変打男基私各始島直両朝革価式確村提運終挙果西勢減台広容必応演電歳住争談能無再位置企真流格有疑口過局少放税検藤町常校料沢裁状工建語球営空職証土与急止送援供可役構木割聞身費付施切由説転食比難防補車優夫研収断井何南石足違消境神番規術護展態導鮮備宅害配副算視条幹独警宮究育席輸訪楽起万着乗店述残想線率病農州武声質念待試族象銀域助労例衛然早張映限親額監環験追審商葉義伝働形景落欧担好退準賞訴辺造英被株頭技低毎医復仕去姿味負閣韓渡失移差衆個門写評課末守若脳極種美岡影命含福蔵量望松非撃佐核観察整段横融型白深字答夜製票況音申様財港識注呼渉達阪神奈横浜札幌仙台名古屋京都神戸広島福岡千葉埼玉茨城栃木群馬静岡愛知岐阜三重滋賀兵庫奈良和歌山鳥取岡山徳島香川愛媛高知佐賀長崎熊本大分宮崎鹿児島沖縄佐藤鈴木高橋田中伊藤渡辺山本中村小林加藤吉田山田佐々木山口松本井上木村林斎藤清水山崎森池田橋本阿部石川前田藤田後藤小川岡田長谷川村上近藤石井坂本遠藤青木藤井西村福田太田三浦岡本松田中島原田番号氏名住所電話郵便商品金額単価合計備考顧客注文在庫売上支払請求"}}
}

func (e *eastern) load() {
	e.often, e.first = map[rune]bool{}, map[rune]bool{}
	for _, r := range e.most {
		e.often[r] = true
	}
	known, err := htmlindex.Get(e.encoding)
	if err != nil {
		panic(err)
	}
	decoder := known.NewDecoder()
	for lead := int(e.from); lead <= int(e.to); lead++ {
		for trail := 0x40; trail < 0xff; trail++ {
			if e.from == 0xb0 && trail < 0xa1 {
				continue // an extension of the standard
			}
			text, err := decoder.Bytes([]byte{byte(lead), byte(trail)})
			if r := []rune(string(text)); err == nil && len(r) == 1 && r[0] != unicode.ReplacementChar {
				e.first[r[0]] = true
			}
		}
	}
}

const (
	han = iota + 1
	kana
	narrowKana
	hangul
	others
)

// log is the logarithm of how likely a character is behind another.
func (e *eastern) log(before, r rune) float64 {
	e.once.Do(e.load)
	class := eastClass(r)
	var p float64
	switch class {
	case han, hangul:
		korean := e.hanja > 0
		switch {
		case korean && class == han:
			p = e.hanja / 5000
		case !korean && class == hangul:
			p = 1e-6
		case e.often[r]:
			p = e.common / float64(len(e.often))
		case e.first[r]:
			p = e.level / float64(len(e.first)-len(e.often))
		default:
			p = e.rare / 7000
			if r > 0xffff || r >= 0x3400 && r < 0x4e00 || r >= 0xf900 && r < 0xfb00 {
				p /= 100
			}
		}
	case kana:
		if p = e.hiragana / 70; r >= 0x30a0 {
			p = e.katakana / 75
		}
		if r == 'ー' {
			p = (e.katakana + e.hiragana) / 12
		}
	case narrowKana:
		p = 0.2 * e.narrow / 35
		if strings.ContainsRune("ﾝﾞｲｶｼｽﾄﾗﾙｰﾀﾏﾅｷﾘﾛｻｳｺｸ", r) {
			p = 0.8 * e.narrow / 20
		}
		if eastClass(before) != narrowKana {
			p /= 20 // they come as words
		}
	default:
		switch {
		case r >= 0x3000 && r <= 0x3002, r >= 0x3008 && r <= 0x3011, r == 0x30fb:
			p = 0.01
		case r >= 0xff01 && r <= 0xff5e:
			p = e.wide / 94
		case r >= 0xe000 && r < 0xf900 || r < 0xa0:
			p = 1e-8
		case r == '‘' || r == '’' || r == '“' || r == '”' || r == '—' || r == '…' || r == '℃' || r == '·' || r == '￥' || r == '※' || r == '○' || r == '●' || r == '×' || r == '〜' || r == '㈱':
			p = 0.001
		case unicode.IsLetter(r):
			p = 1e-6
		case r >= 0x2500 && r < 0x2580:
			p = 1e-7
		default:
			p = 1e-5
		}
	}
	if last := eastClass(before); last > 0 && last < others && class != last && class < others {
		switch {
		case last+class == han+kana:
		case last == narrowKana || class == narrowKana:
			p *= 0.1
		default:
			p *= 0.02
		}
	}
	if isASCIILetter(before) && class < others {
		p *= 0.1
	}
	return math.Log(p)
}

func eastClass(r rune) int {
	switch {
	case r < 0x2e80:
		return 0
	case r >= 0x3041 && r <= 0x309e, r >= 0x30a1 && r <= 0x30fe && r != '・':
		return kana
	case r >= 0xac00 && r <= 0xd7a3:
		return hangul
	case r >= 0xff66 && r <= 0xff9f:
		return narrowKana
	case r == '々', unicode.Is(unicode.Han, r):
		return han
	}
	return others
}
