package catalog

import "strings"

// What people put around a topic. Little words bind others and weigh next to
// nothing wherever they stand; framing words say that something is to be learnt,
// and weigh nothing unless the name has them too ("machine learning"). Light
// words say little without another and must not outweigh it: game theory is not
// music theory. All without accents.
var (
	littleWords = wordSet(
		// English
		"a an the of in on at to for from with and or by as is are my me i it its into about using use via vs",
		// Portuguese
		"o os as um uma de do da dos das em no na nos nas ao aos e ou para pra por com sem sobre que se meu minha meus minhas eu usando",
		// Spanish
		"el la los las un una unos unas del en al y u con sin sobre mi mis yo lo es son su sus desde hasta",
	)
	framingWords = wordSet(
		// English
		"how what why when which do does did can could should would want wanna need like please help teach show explain learn learning learned study "+
			"studying understand understanding know get getting start started master mastering basics basic fundamentals foundations essentials "+
			"explained meaning definition method methods technique techniques algorithm algorithms formula formulas example examples problem problems introduction introductory intro beginner beginners beginning guide tutorial tutorials course courses class lesson lessons crash "+
			"bootcamp roadmap path overview topic topics concept concepts practice everything complete full simple easy easily quick quickly "+
			"step steps scratch advanced intermediate dummies 101 compute calculate calculating find solve between difference before after first next best better really properly myself online free make some work works good kids children teens students adults everyone",
		// Portuguese
		"como qual quais porque quero queria preciso gostaria aprender aprendendo estudar estudando entender compreender saber ensina ensine "+
			"explica explique significado definicao metodo metodos tecnica tecnicas algoritmo algoritmos exemplo exemplos problema problemas dominar comecar comecando basico basica basicos basicas fundamentos nocoes introducao iniciante iniciantes "+
			"principiante guia tutorial curso cursos aula aulas calcular achar resolver entre diferenca antes depois primeiro melhor gratis online zero criancas jovens adultos estudantes todos trilha roteiro tema conceito conceitos topico pratica completo completa "+
			"simples facil rapido passo avancado avancada intermediario fazer funciona funcionam favor",
		// Spanish
		"cual cuales quiero quisiera necesito gustaria aprendiendo estudiar entender comprender ensename ensenar explicame definicion ejemplo ejemplos "+
			"dominar empezar empezando comenzar basico basica basicos basicas conceptos concepto nociones introduccion principiante principiantes "+
			"guia curso clase clases leccion lecciones hallar encontrar diferencia despues primero mejor gratis ninos jovenes estudiantes ruta tema temas practica completo sencillo facil rapido paso cero avanzado avanzada "+
			"intermedio hacer funciona funcionan favor",
	)
	lightWords = wordSet("theory teoria analysis analise analisis type types tipo tipos model models modelo modelos system systems sistema sistemas value values valor valores " +
		"language languages linguagem linguagens lenguaje lenguajes")
)

func wordSet(lists ...string) map[string]bool {
	set := map[string]bool{}
	for _, list := range lists {
		for w := range strings.FieldsSeq(list) {
			set[w] = true
		}
	}
	return set
}
